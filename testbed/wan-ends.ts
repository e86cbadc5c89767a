/**
 * What the process between namespaces is told, and what it answers.
 */

import type { TrafficKind } from './inner-frame.ts'
import type { LineOptions } from './shaped-line.ts'

/** A host's access to the network. Null: straight through. */
export interface AccessLine {
  readonly up: LineOptions | null
  readonly down: LineOptions | null
}

export interface WanOptions {
  /** The first one's uplink is what `look` is about. */
  readonly ends: readonly WanEnd[]
}

export interface WanEnd extends AccessLine {
  /** The host's address in the network. */
  readonly address: string
  /** The other end of the tunnel. */
  readonly tunnelAddress: string
  /** Ours towards it. */
  readonly ownAddress: string
}

/** What the first host sent between two looks. */
export interface WanLook {
  readonly elapsedMs: number
  /** Bytes that the modem took, by what they are. */
  readonly bytes: Readonly<Record<TrafficKind, number>>
  /** Of frames that the modem had no room for. */
  readonly drops: number
  readonly meanQueueMs: number
  readonly mostQueueMs: number
  /** Latest that this process handed a frame on, of whichever host, in ms: where that is much, the machine was too busy to measure. */
  readonly latestMs: number
  /** The same on average over the moments at which frames were handed on. */
  readonly meanLateMs: number
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
