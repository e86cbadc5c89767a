/**
 * What all hosts of a swarm share.
 */

import type { Random } from '../src/core/random.ts'
import type { Session } from '../src/core/session.ts'
import type { CodecSample } from './codec-sample.ts'
import type { Means } from './faults/mind.ts'
import type { Host } from './host.ts'
import type { NetworkWorld } from './machine.ts'
import type { SimTopology } from './sim-topology.ts'

export interface World extends NetworkWorld {
  readonly topology: SimTopology
  readonly codec: CodecSample
  /** The page has chunk hashes. */
  readonly hasDigests: boolean
  forkRandom(): Random
  /** What one who does harm has besides its session. */
  meansOf(session: Session): Means
  /** The host has every chunk. */
  completed(host: Host): void
  /** The host has parted from everybody. */
  left(host: Host): void
  failed(host: Host, failure: string): void
}
