/**
 * How far it is from host to host. A pair's round trip is drawn by a hash of the two, so that nothing is stored for
 * pairs; the origin and the topology server are hosts of their own.
 */

import type { Random } from '../src/core/random.ts'
import type { LatencyModel } from './scenario.ts'

/** Stand for the origin and the topology server in a pair; mirrors come below. */
const ORIGIN_PLACE = -1
export const TOPOLOGY_PLACE = -2

/** From here downwards, what no pair of hosts has: draws of shares of them. */
const DRAW_PLACE = -1000

/** The place of an origin: 0 is the URL itself. */
export function placeOfOrigin(origin: number): number {
  return origin === 0 ? ORIGIN_PLACE : TOPOLOGY_PLACE - origin
}

/** Shortest round trip, in ms: nothing is instant. */
const SHORTEST_RTT_MS = 0.01

export class Network {
  private readonly model: LatencyModel
  private readonly seed: number
  private readonly jitterShare: number
  private readonly random: Random
  /** Partitions of the network, by number: the share of hosts on the far side. */
  private readonly partitions = new Map<number, number>()

  constructor(model: LatencyModel, random: Random) {
    this.model = model
    this.seed = random.uint32()
    this.jitterShare = model.jitterShare ?? 0
    this.random = random.fork()
  }

  /** Round trip of this pair, in ms. */
  rttMs(a: number, b: number): number {
    const [low, high] = this.model.rttMs
    const fraction = mixed(this.seed, Math.min(a, b), Math.max(a, b)) / 0x1_0000_0000
    return Math.max(SHORTEST_RTT_MS, low + (high - low) * fraction)
  }

  /** Hosts are parted into two groups until `mend` is called for the same number. */
  part(number: number, share: number): void {
    this.partitions.set(number, share)
  }

  mend(number: number): void {
    this.partitions.delete(number)
  }

  /** Whether the two cannot reach each other. */
  isCut(a: number, b: number): boolean {
    for (const [number, share] of this.partitions)
      if (this.isOneOf(share, number, a) !== this.isOneOf(share, number, b)) return true
    return false
  }

  /** Whether the host is among a share of all hosts; `draw` tells such draws apart. */
  isOneOf(share: number, draw: number, host: number): boolean {
    return mixed(this.seed, DRAW_PLACE - draw, host) < share * 0x1_0000_0000
  }

  /** What one message takes where the mean way takes `oneWayMs`. */
  takesMs(oneWayMs: number): number {
    return this.jitterShare === 0 ? oneWayMs : oneWayMs * (1 + this.jitterShare * this.random.fraction())
  }
}

/** A well mixed 32-bit hash of three whole numbers (the finaliser of MurmurHash3, between additions). */
function mixed(a: number, b: number, c: number): number {
  return finalise(finalise(finalise(a ^ 0x9e3779b9) + b) + c) >>> 0
}

function finalise(word: number): number {
  let z = word | 0
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
  return z ^ (z >>> 16)
}
