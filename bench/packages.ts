/**
 * What is measured beside us has packages of its own, in bench/node_modules. They are loaded by name while a bench runs:
 * checks and tests of the project go without them.
 */

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { projectRoot } from '../testbed/processes.ts'

const folder = join(projectRoot, 'bench')

/** The browser build, an ES module. */
export const webtorrentBuildPath: string = join(
  folder,
  'node_modules',
  'webtorrent',
  'dist',
  'webtorrent.min.js',
)

/** WebTorrent's native parts are for Node alone: without scripts they are not built. */
const INSTALL = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund']

/** A hundred small packages take some seconds; this bounds a hanging registry. */
const INSTALL_WITHIN_MS = 600_000

/** Installs them where they are absent or older than the lock file. */
export function ensurePackages(say: (line: string) => void): void {
  const marker = join(folder, 'node_modules', '.package-lock.json')
  const lock = join(folder, 'package-lock.json')
  if (existsSync(marker) && statSync(marker).mtimeMs >= statSync(lock).mtimeMs) return
  say('Installing what is measured beside us …')
  execFileSync('npm', INSTALL, {
    cwd: folder,
    stdio: 'inherit',
    timeout: INSTALL_WITHIN_MS,
    shell: process.platform === 'win32',
  })
}

/** Of a package of the bench, or else of the project's own; null where it is not installed. */
export function versionOf(name: string): string | null {
  const paths = [folder, projectRoot].map((root) => join(root, 'node_modules', name, 'package.json'))
  const path = paths.find((path) => existsSync(path))
  if (path === undefined) return null
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly version: string }).version
}
