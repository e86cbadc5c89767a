/**
 * What one simulated run is: who comes when, over which links, to which origin, and when they go. A scenario is plain
 * data with its seed, so that a file or a line of JSON replays it. Rates are in bytes a second, times in ms.
 */

import type { Mechanism } from '../src/core/mechanisms.ts'
import type { SessionLimits } from '../src/core/session-io.ts'
import type { CoursePoint } from './course.ts'
import type { FaultFigures } from './faults/fault-tally.ts'
import type { Role } from './faults/roles.ts'
import type { Trouble } from './faults/trouble.ts'
import type { RunPolicy } from './policies.ts'

/** A kind of access link, and its share of the peers. */
export interface AccessLink {
  readonly name: string
  /** Weight among the population's links. Shares need not sum to 1. */
  readonly share: number
  readonly upBytesPerSec: number
  readonly downBytesPerSec: number
}

export type Arrivals =
  | { readonly kind: 'atOnce' }
  | { readonly kind: 'staggered'; readonly everyMs: number }
  /** Exponential gaps with this mean. */
  | { readonly kind: 'poisson'; readonly meanMs: number }
  /** `share` of all within the first `withinMs`, uniformly; the rest Poisson with mean `restMeanMs`. */
  | {
      readonly kind: 'flash'
      readonly share: number
      readonly withinMs: number
      readonly restMeanMs: number
    }
  /** Times drawn from an exponential density with this mean: most come early. */
  | { readonly kind: 'decaying'; readonly meanMs: number }
  /** Poisson, at another rate in each phase, one phase after the other. As many come as come, up to all. */
  | { readonly kind: 'phases'; readonly phases: readonly ArrivalPhase[] }

export interface ArrivalPhase {
  readonly forMs: number
  /** Mean gap between two arrivals. */
  readonly everyMeanMs: number
}

/**
 * What a peer does when its file is complete and verified. Who goes offers first what only it has, unless it is
 * `abrupt`: then it is gone at once, as by Slurpie.
 */
export type Departure =
  | { readonly kind: 'stay' }
  | { readonly kind: 'leave'; readonly abrupt?: boolean }
  /** Serves on for an exponentially distributed time with this mean, or exactly so long. */
  | { readonly kind: 'linger'; readonly ms: number; readonly exact?: boolean; readonly abrupt?: boolean }

export interface OriginModel {
  /** Uplink, shared max–min fairly among the open responses. */
  readonly upBytesPerSec: number
  /** Most open responses; further requests wait in order. Absent: no limit. */
  readonly maxConnections?: number
  readonly maxBytesPerSecPerConnection?: number
  /** A cut response costs its connection (HTTP/1.1), or does not (HTTP/2). Default 'h1'. */
  readonly http?: 'h1' | 'h2'
  /** Round trip of every host to it. Absent: drawn by the pair, as between hosts. */
  readonly rttMs?: number
}

export interface LatencyModel {
  /** Round trip of a pair is drawn from this range, uniformly, by the pair. To the origin and the server likewise. */
  readonly rttMs: readonly [low: number, high: number]
  /** Each message's one-way time grows by up to this share of it, at random. Default 0. */
  readonly jitterShare?: number
}

export interface Scenario {
  readonly name: string
  readonly seed: number
  /** How many come; at most, where arrivals are by phases. */
  readonly peers: number
  readonly sizeBytes: number
  /** Default: what the library would choose for the size. */
  readonly chunkBytes?: number
  readonly origin: OriginModel
  /** Further origins of the same file; whoever downloads by plain HTTP does without. */
  readonly mirrors?: readonly OriginModel[]
  readonly links: readonly AccessLink[]
  readonly latency: LatencyModel
  readonly arrivals: Arrivals
  readonly departure: Departure
  /** What goes wrong. */
  readonly trouble?: Trouble
  /** Settings of every session that differ from the defaults. */
  readonly limits?: Partial<Omit<SessionLimits, 'mechanisms'>>
  /** Mechanisms that every session does without. */
  readonly without?: readonly Mechanism[]
  /** Stops a run that does not end, in virtual ms. Default one day. */
  readonly maxMs?: number
  /** Goes on to this virtual time even when everybody is done. Default: ends then. */
  readonly untilMs?: number
  /** Keeps the run's course, and what became of those who came when, in steps of so many virtual ms or longer. */
  readonly courseEveryMs?: number
}

export interface PeerOutcome {
  readonly index: number
  readonly link: string
  readonly arrivedMs: number
  /** From arrival to the last chunk, in ms; null: it never got there (or died on the way). */
  readonly tookMs: number | null
  /** It was killed by the scenario. */
  readonly died: boolean
  readonly failure: string | null
  /** What it was, if not honest. */
  readonly role?: Role
  readonly bytesFromOrigin: number
  readonly bytesFromPeers: number
  readonly bytesToPeers: number
}

export interface RunResult {
  readonly scenario: string
  readonly policy: RunPolicy
  readonly seed: number
  readonly peers: readonly PeerOutcome[]
  /** Virtual time from the first arrival to the last completion. */
  readonly makespanMs: number
  /** Bytes that left the origin ÷ the file's size. */
  readonly originCopies: number
  readonly originRequests: number
  /** Of the bytes that left all origins, the share of each; absent where there are no mirrors. */
  readonly originShares?: readonly number[]
  /** Responses open at once: averaged over the time from the first arrival to the last completion, and at most. */
  readonly originOpenMean: number
  readonly originOpenMax: number
  /** Inputs handled by all sessions together, and by kind (messages as `message:have` and so on). */
  readonly inputs: number
  readonly inputsByKind: Readonly<Record<string, number>>
  /** Chunks that became kept, all peers together. */
  readonly chunksKept: number
  readonly bytesFromPeers: number
  /** Bytes of messages other than blocks. */
  readonly controlBytes: number
  readonly topology: {
    readonly socketsMax: number
    readonly socketsAtEnd: number
    readonly messagesIn: number
    readonly messagesOut: number
    readonly joins: number
  }
  /** What faults did, where a scenario has some. */
  readonly faults?: FaultFigures
  /** Where the scenario asks for it. */
  readonly course?: readonly CoursePoint[]
  /** Events of the queue. */
  readonly events: number
  /** A hash over every input in order: equal for equal runs. */
  readonly trace: string
  /** What was broken of the invariants, or failed; empty when all is well. */
  readonly violations: readonly string[]
}
