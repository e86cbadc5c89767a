/**
 * Sees to it that `dist/swarm.js` is what `src` says, so that nobody measures yesterday's build.
 */

import { execFile } from 'node:child_process'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { projectRoot } from './processes.ts'

/** The script-tag build: an IIFE that defines `window.swarm`. */
export const globalBuildPath: string = join(projectRoot, 'dist', 'swarm.js')

/** Builds it where it is missing or older than its newest source. Rejects with what the build said. */
export async function ensureGlobalBuild(say: (line: string) => void): Promise<void> {
  const builtMs = await modifiedMs(globalBuildPath)
  const sourceMs = Math.max(...(await Promise.all(SOURCES.map((path) => newestMs(join(projectRoot, path))))))
  if (builtMs >= sourceMs) return
  say('Building dist/swarm.js …')
  const vite = join(projectRoot, 'node_modules', 'vite', 'bin', 'vite.js')
  const args = [vite, 'build', '--mode', 'global', '--logLevel', 'warn']
  // Under vitest NODE_ENV is 'test', which would change what vite defines.
  const env = { ...process.env, NODE_ENV: 'production' }
  await promisify(execFile)(process.execPath, args, { cwd: projectRoot, env, timeout: BUILD_WITHIN_MS })
}

const SOURCES = ['src', 'vite.config.ts', 'package-lock.json']

/** A build takes about a second; this bounds a hanging one. */
const BUILD_WITHIN_MS = 120_000

async function newestMs(path: string): Promise<number> {
  const info = await stat(path)
  if (!info.isDirectory()) return info.mtimeMs
  const names = await readdir(path)
  return Math.max(info.mtimeMs, ...(await Promise.all(names.map((name) => newestMs(join(path, name))))))
}

async function modifiedMs(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs
  } catch {
    return -Infinity
  }
}
