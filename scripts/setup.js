/**
 * Makes a fresh checkout runnable: installs the packages and sees to it that there is a Chromium for headless
 * visitors. Plain JavaScript with nothing but Node's own modules, as it runs before anything is installed.
 */

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

installPackages()
await ensureChromium()

function installPackages() {
  const marker = join(root, 'node_modules', '.package-lock.json')
  const lock = join(root, 'package-lock.json')
  if (existsSync(marker) && statSync(marker).mtimeMs >= statSync(lock).mtimeMs) return
  say('Installing packages …')
  // Not `npm ci`: it insists that the lock file names the packages of every platform, and not every registry has them.
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'])
}

async function ensureChromium() {
  if (existsSync('/usr/bin/chromium') || process.env.CHROMIUM_PATH) return
  const findChromium = await loadFinder()
  if (findChromium()) return
  say('No Chromium found; asking playwright for one …')
  const downloaded = spawnSync('npx', ['playwright-core', 'install', 'chromium'], options(120_000))
  if (downloaded.status === 0 && findChromium()) return
  say('That did not work; asking the distribution …')
  if (!isDebianLike()) fail()
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const apt = (...args) =>
    spawnSync([...sudo, 'apt-get'][0], [...sudo, 'apt-get', ...args].slice(1), options(600_000))
  apt('update')
  apt('install', '-y', '--no-install-recommends', 'chromium')
  if (!findChromium()) fail()
}

/** The same search as testbed/chromium.ts, which cannot be imported before TypeScript can be run. */
async function loadFinder() {
  const { tsImport } = await import('tsx/esm/api')
  const finder = await tsImport('../testbed/chromium.ts', import.meta.url)
  return () => {
    try {
      return finder.findChromium()
    } catch {
      return null
    }
  }
}

function isDebianLike() {
  return (
    existsSync('/etc/debian_version') ||
    (existsSync('/etc/os-release') && /debian/i.test(readFileSync('/etc/os-release', 'utf8')))
  )
}

function options(timeout) {
  return { cwd: root, stdio: 'inherit', timeout, shell: process.platform === 'win32' }
}

function run(command, args) {
  execFileSync(command, args, options(600_000))
}

function say(line) {
  console.error(line)
}

function fail() {
  say('Could not find or install Chromium. Install it by hand, or point CHROMIUM_PATH at one.')
  process.exit(1)
}
