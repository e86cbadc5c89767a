/** The public surface of swarmfetch, and nothing else. */

import { createSwarm, type Swarm } from './swarm.ts'

/** The page's swarm. `configure()` it once, then `download()`. */
export const swarm: Swarm = createSwarm()

export { createSwarm, type Swarm } from './swarm.ts'
export { Download, type DownloadEventMap, type DownloadResult, type DownloadState } from './download.ts'
export type { DownloadStats, NeighbourStats } from './download-stats.ts'
export { SwarmError, type SwarmErrorCode, type SwarmErrorOptions } from './errors.ts'
export type { DownloadOptions, UploadOptions } from './options.ts'
export type { Manifest } from './integrity/manifest.ts'
