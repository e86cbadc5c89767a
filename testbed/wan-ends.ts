/**
 * What the process between two namespaces is told, and what it answers.
 */

import type { TrafficKind } from './inner-frame.ts'
import type { LineOptions } from './shaped-line.ts'

export interface WanOptions {
  readonly home: WanEnd
  readonly outside: WanEnd
  /** From home to outside. */
  readonly up: LineOptions
  readonly down: LineOptions
}

export interface WanEnd {
  /** The other end of the tunnel. */
  readonly tunnelAddress: string
  /** Ours towards it. */
  readonly ownAddress: string
}

/** What went up between two looks. */
export interface WanLook {
  readonly elapsedMs: number
  /** Bytes that the modem took, by what they are. */
  readonly bytes: Readonly<Record<TrafficKind, number>>
  readonly drops: number
  readonly meanQueueMs: number
  readonly mostQueueMs: number
  /** Latest that this process handed a frame on, in ms: where that is much, the machine was too busy to measure. */
  readonly latestMs: number
  readonly trace: readonly WanTraceRow[]
}

export interface WanTraceRow {
  readonly atMs: number
  readonly queueMs: number
  readonly tcpBytes: number
  readonly webrtcBytes: number
}

export type WanAnswers = {
  /** Since the last look. */
  readonly look: () => WanLook
}

/** IANA's port for VXLAN. */
export const VXLAN_PORT = 4789
