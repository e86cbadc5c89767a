/**
 * What a download is made of, and how the core is told of it.
 */

import type { DriverPorts } from './browser/driver.ts'
import { defaultChunkBytes } from './core/geometry.ts'
import type { SessionConfig } from './core/session-io.ts'
import type { OriginTag } from './core/types.ts'
import type { ParsedOptions } from './options.ts'
import { topologyPatienceMs } from './patience.ts'

/** What a download needs of its surroundings. */
export interface DownloadSetting {
  readonly url: URL
  readonly options: ParsedOptions
  readonly ports: DriverPorts
  /** Null: no peers. */
  readonly locator: SessionConfig['locator']
  /** Tags of the URL and of its mirrors, in the order of the ports' origins. */
  readonly origins: readonly OriginTag[]
  readonly storeKey: string
  readonly seed: number
  /** What came before this took so long, in ms: a few hashes and a lock, none of it over the network. */
  readonly preparedInMs: number
  /** Lets go of the store, for other tabs. */
  readonly release: () => void
}

/** The session's part of it. Without a locator: no peers. */
export function configFor(setting: DownloadSetting, locator: SessionConfig['locator']): SessionConfig {
  const { chunkHashes, fileHash, originLoad, maxUploadBytesPerSec, maxUploadRatio } = setting.options
  return {
    seed: setting.seed,
    facts: chunkHashes?.facts ?? null,
    chunkBytesFor: defaultChunkBytes,
    locator,
    verification: chunkHashes !== null ? 'chunkDigests' : locator !== null ? 'sendersDigest' : 'none',
    chunkDigests: chunkHashes?.digests ?? null,
    fileIsHashed: fileHash !== null,
    origins: setting.origins,
    limits: {
      originLoad,
      maxUploadBytesPerSec,
      maxUploadRatio,
      topologyPatienceMs: topologyPatienceMs(setting.preparedInMs),
    },
  }
}
