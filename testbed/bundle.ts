/**
 * Turns one TypeScript file and what it imports into one script for a page, in memory.
 */

import { build } from 'vite'

import { projectRoot } from './processes.ts'

const bundled = new Map<string, Promise<string>>()

/**
 * The script's text: an IIFE, for browsers that run the library. `entry` is relative to the project's root. Each is made once
 * a process.
 */
export function bundle(entry: string): Promise<string> {
  const made = bundled.get(entry) ?? bundleAnew(entry)
  bundled.set(entry, made)
  return made
}

async function bundleAnew(entry: string): Promise<string> {
  const built = await build({
    root: projectRoot,
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    build: {
      target: 'es2022',
      write: false,
      lib: { entry, name: 'page', formats: ['iife'], fileName: () => 'page.js' },
    },
  })
  const outputs = Array.isArray(built) ? built : [built]
  for (const output of outputs) {
    if (!('output' in output)) continue
    const [chunk] = output.output
    return chunk.code
  }
  throw new Error(`Nothing came out of bundling ${entry}.`)
}
