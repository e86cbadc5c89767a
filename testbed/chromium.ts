/**
 * Finds the Chromium that tests, demo and bench drive. `scripts/setup.js` has seen to it that there is one.
 */

import { existsSync } from 'node:fs'

import { chromium } from 'playwright-core'

const KNOWN_PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

/**
 * Path of a Chromium: `$CHROMIUM_PATH`, one installed on the machine, else the one that playwright downloaded.
 * Throws where there is none.
 */
export function findChromium(): string {
  const candidates = [process.env['CHROMIUM_PATH'], ...KNOWN_PATHS, chromium.executablePath()]
  const found = candidates.find((path) => path !== undefined && path !== '' && existsSync(path))
  if (found === undefined) throw new Error('No Chromium found. Run `npm run setup`, or set CHROMIUM_PATH.')
  return found
}

/**
 * Flags for headless visitors: no sandbox (containers run as root), no background traffic, timers of hidden pages
 * at full speed, and plain local addresses in ICE candidates, since mDNS names do not resolve between contexts.
 */
export const chromiumFlags: string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-renderer-backgrounding',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
]
