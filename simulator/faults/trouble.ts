/**
 * What goes wrong in a scenario. Plain data, as the scenario is; which peers are struck is drawn by its seed. Times are
 * in virtual ms.
 */

export interface Period {
  readonly fromMs: number
  readonly untilMs: number
}

/** Two groups of peers, drawn by `share`, cannot reach each other. The servers reach both. */
export interface Partition extends Period {
  readonly share: number
}

/** `share` of the peers send at `rateShare` of their uplink. */
export interface SlowPeers extends Period {
  readonly share: number
  readonly rateShare: number
}

export type OriginFault = Period &
  (
    | /** 503 to every request. What flows already flows on. */ { readonly kind: 'unavailable' }
      /** 429 with Retry-After to every request; a page of another site may not be allowed to read it. */
    | { readonly kind: 'tooMany'; readonly retryAfterMs: number; readonly isReadable: boolean }
    /** All responses together get this share of its rate. */
    | { readonly kind: 'slow'; readonly rateShare: number }
    /** So often a response, drawn from those that flow, breaks off in the middle of its body. */
    | { readonly kind: 'cuts'; readonly everyMs: number }
  )

export interface Trouble {
  /** In each of these steps, `share` of the living peers die without a word and as many newcomers arrive. */
  readonly churn?: {
    readonly fromMs: number
    readonly untilMs: number
    readonly everyMs: number
    readonly share: number
  }
  /** When the topology server is away. */
  readonly topologyOutages?: readonly { readonly fromMs: number; readonly untilMs: number | null }[]
  /** Share of the peers without WebRTC: they have the origin alone. */
  readonly withoutPeersShare?: number
  /** Share of the peers that are never told of the topology server. */
  readonly withoutTopologyShare?: number
  /** Share of the peers that send other bytes than they say. */
  readonly pollutersShare?: number
  /** Share of the peers that claim to have every chunk, and send none. */
  readonly liarsShare?: number
  /** Share of the peers that claim to have every chunk, take every request, and send next to nothing. */
  readonly stallersShare?: number
  /** Share of the peers that flood forged claims, first copies and updates, in others' names, too. */
  readonly forgersShare?: number
  /** Claims that a forger sends over each of its links in a second. Default: more than is listened to. */
  readonly forgedPerSec?: number
  /** Share of the peers that download as any other, and serve nobody. */
  readonly freeRidersShare?: number
  /** When all that are hostile leave; those that would come later do not come. Default: they stay. */
  readonly hostileUntilMs?: number
  readonly partitions?: readonly Partition[]
  readonly slowPeers?: readonly SlowPeers[]
  readonly originFaults?: readonly OriginFault[]
}
