/**
 * What is counted of faults: how long those who were asked by mistake kept others waiting, what reached the origin while
 * it wanted to be left alone, and how everybody came back to the topology server.
 */

import type { PeerId } from '../../src/core/types.ts'
import { JoinRush } from './join-rush.ts'
import { RequestRush } from './request-rush.ts'
import type { Role } from './roles.ts'

export interface FaultFigures {
  /** Longest time that a chunk was left with one who lied or stalled, in ms. */
  readonly longestHeldMs: number
  /** Requests that came although a Retry-After was told, and before its time. */
  readonly earlyRequests: number
  /** Most requests at the origin within a second: before the first fault there, and from the end of the last on. */
  readonly requestPeakBefore: number
  readonly requestPeakAfter: number
  /** Chunks that peers gave each other while the origin was away. */
  readonly chunksWithoutOrigin: number
  /** Joins a second after the topology server came back, until as many had come as were there: most, and on average. */
  readonly joinPeak: number
  readonly joinMean: number
  /** Time until its window was full again, in ms; null: it never was, or the server was never away. */
  readonly refilledMs: number | null
  /** Honest peers that an honest peer banned. */
  readonly falseBans: number
}

export class FaultTally {
  longestHeldMs = 0
  earlyRequests = 0
  chunksWithoutOrigin = 0
  falseBans = 0
  /** Everybody who ever had an id. */
  readonly roster: Map<PeerId, Role> = new Map()
  /** Somebody keeps others waiting on purpose. */
  watchesRequests = false
  readonly joins: JoinRush = new JoinRush()
  readonly requests: RequestRush = new RequestRush()

  readonly noteHeld: (ms: number) => void = (ms) => {
    this.longestHeldMs = Math.max(this.longestHeldMs, ms)
  }

  get figures(): FaultFigures {
    const { longestHeldMs, earlyRequests, chunksWithoutOrigin, falseBans, joins, requests } = this
    return {
      longestHeldMs: Math.round(longestHeldMs),
      earlyRequests,
      requestPeakBefore: requests.peakBefore,
      requestPeakAfter: requests.peakAfter,
      chunksWithoutOrigin,
      joinPeak: joins.peak,
      joinMean: Math.round(joins.mean * 100) / 100,
      refilledMs: joins.refilledMs === null ? null : Math.round(joins.refilledMs),
      falseBans,
    }
  }
}
