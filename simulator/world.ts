/**
 * What all hosts of a simulation share.
 */

import type { Geometry } from '../src/core/geometry.ts'
import type { Random } from '../src/core/random.ts'
import type { Session } from '../src/core/session.ts'
import type { Payload } from '../src/core/types.ts'
import type { CodecSample } from './codec-sample.ts'
import type { EventQueue } from './event-queue.ts'
import type { Means } from './faults/mind.ts'
import type { Host } from './host.ts'
import type { Attempts } from './links.ts'
import type { Network } from './network.ts'
import type { SimOrigin } from './sim-origin.ts'
import type { SimTopology } from './sim-topology.ts'
import type { Tally } from './tally.ts'

/** A simulated payload: its length, and whether its bytes are the origin's. */
export interface SimPayload extends Payload {
  readonly isGenuine: boolean
}

export interface World {
  readonly queue: EventQueue
  readonly network: Network
  readonly origin: SimOrigin
  readonly topology: SimTopology
  readonly tally: Tally
  readonly codec: CodecSample
  readonly geometry: Geometry
  readonly attempts: Attempts
  /** The page has chunk hashes. */
  readonly hasDigests: boolean
  /** One object for all payloads of a kind. */
  payload(byteLength: number, isGenuine: boolean): SimPayload
  nextSession(): number
  forkRandom(): Random
  /** What one who does harm has besides its session. */
  meansOf(session: Session): Means
  /** The host has every chunk. */
  completed(host: Host): void
  failed(host: Host, failure: string): void
}
