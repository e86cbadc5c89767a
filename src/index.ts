/** The public surface of swarmfetch, and nothing else. */

import { newInlineThread } from './browser/inline-thread.ts'
import type { DownloadOptions } from './options.ts'
import { newSwarm, type Swarm } from './swarm.ts'

/** A swarm with defaults of its own. */
export function createSwarm(initial: DownloadOptions = {}): Swarm {
  return newSwarm(newInlineThread, initial)
}

/** The page's swarm. `configure()` it once, then `download()`. */
export const swarm: Swarm = createSwarm()

export type { Swarm } from './swarm.ts'
export { Download, type DownloadEventMap, type DownloadResult, type DownloadState } from './download.ts'
export type { DownloadStats, NeighbourStats } from './download-stats.ts'
export { SwarmError, type SwarmErrorCode, type SwarmErrorOptions } from './errors.ts'
export type { DownloadOptions, UploadOptions } from './options.ts'
export type { Manifest } from './integrity/manifest.ts'
