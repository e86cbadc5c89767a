/**
 * The script-tag build: `<script src="swarm.js" data-topology="wss://…">` defines `window.swarm`. Several topology
 * servers are separated by spaces. Threads for long files run this very script, as a page's policy allows that where it allows the
 * script (not from another web origin).
 */

import { type NewThread, workForPage } from './browser/thread.ts'
import { SwarmError } from './errors.ts'
import { newSwarm, type Swarm } from './swarm.ts'

declare global {
  interface Window {
    swarm: Swarm & { readonly SwarmError: typeof SwarmError }
  }
}

if (!workForPage()) serve(document.currentScript as HTMLScriptElement | null)

function serve(script: HTMLScriptElement | null): void {
  const topology = script?.dataset['topology']?.trim() ?? ''
  const url = script?.src ?? ''
  // A script without a URL has none to run in a thread.
  const newThread: NewThread | null = url === '' ? null : (name) => new Worker(url, { name })
  const swarm = newSwarm(newThread, topology === '' ? {} : { topology: topology.split(/\s+/) })
  window.swarm = Object.assign(swarm, { SwarmError })
}
