/**
 * What all hosts of a swarm share.
 */

import type { Random } from '../src/core/random.ts'
import type { CodecSample } from './codec-sample.ts'
import type { Host } from './host.ts'
import type { NetworkWorld } from './machine.ts'
import type { SimTopology } from './sim-topology.ts'

export interface World extends NetworkWorld {
  readonly topology: SimTopology
  readonly codec: CodecSample
  /** The page has chunk hashes. */
  readonly hasDigests: boolean
  forkRandom(): Random
  /** The host has every chunk. */
  completed(host: Host): void
  /** The host has parted from everybody. */
  left(host: Host): void
  failed(host: Host, failure: string): void
}
