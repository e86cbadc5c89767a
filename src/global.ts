/**
 * The script-tag build: `<script src="swarm.js" data-topology="wss://…">` defines `window.swarm`. Several topology
 * servers are separated by spaces.
 */

import { createSwarm, type Swarm } from './swarm.ts'
import { SwarmError } from './errors.ts'

declare global {
  interface Window {
    swarm: Swarm & { readonly SwarmError: typeof SwarmError }
  }
}

const topology = document.currentScript?.dataset['topology']?.trim() ?? ''
const swarm = createSwarm(topology === '' ? {} : { topology: topology.split(/\s+/) })

window.swarm = Object.assign(swarm, { SwarmError })
