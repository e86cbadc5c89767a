/**
 * The script-tag build: `<script src="swarm.js" data-topology="wss://…">` defines `window.swarm`. Several topology
 * servers are separated by spaces. The thread that hashes long files runs this very script, as a page's policy allows that where
 * it allows the script (not from another web origin).
 */

import { HASH_THREAD_NAME, hashForPage, isHashThread } from './browser/hash-thread.ts'
import { SwarmError } from './errors.ts'
import { newSwarm, type Swarm } from './swarm.ts'

declare global {
  interface Window {
    swarm: Swarm & { readonly SwarmError: typeof SwarmError }
  }
}

if (isHashThread()) hashForPage()
else serve(document.currentScript as HTMLScriptElement | null)

function serve(script: HTMLScriptElement | null): void {
  const topology = script?.dataset['topology']?.trim() ?? ''
  const url = script?.src ?? ''
  // A script without a URL has none to run in a thread.
  const newHashThread = url === '' ? null : (): Worker => new Worker(url, { name: HASH_THREAD_NAME })
  const swarm = newSwarm(newHashThread, topology === '' ? {} : { topology: topology.split(/\s+/) })
  window.swarm = Object.assign(swarm, { SwarmError })
}
