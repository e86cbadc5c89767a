/**
 * One visitor's line in the book of a run.
 */

import type { Visitor } from './population.ts'
import type { PeerOutcome } from './scenario.ts'

/** A host, as far as its bytes are counted. */
export interface Counted {
  readonly bytesFromOrigin: number
  readonly bytesFromPeers: number
  readonly uplink: { readonly blockBytes: number }
}

/** What is known of a visitor, also when it has gone. */
export interface Entry<H extends Counted> {
  readonly visitor: Visitor
  host: H | null
  completedMs: number | null
  hasDied: boolean
  failure: string | null
  bytesFromOrigin: number
  bytesFromPeers: number
  bytesToPeers: number
}

export function newEntry<H extends Counted>(visitor: Visitor): Entry<H> {
  const counts = { bytesFromOrigin: 0, bytesFromPeers: 0, bytesToPeers: 0 }
  return { visitor, host: null, completedMs: null, hasDied: false, failure: null, ...counts }
}

/** The host goes, or the run ends: what it counted stays. */
export function takeBytes(entry: Entry<Counted>): void {
  if (entry.host === null) return
  entry.bytesFromOrigin = entry.host.bytesFromOrigin
  entry.bytesFromPeers = entry.host.bytesFromPeers
  entry.bytesToPeers = entry.host.uplink.blockBytes
}

export function outcomeOf(entry: Entry<Counted>): PeerOutcome {
  const { visitor, completedMs, hasDied, failure, bytesFromOrigin, bytesFromPeers, bytesToPeers } = entry
  return {
    index: visitor.index,
    link: visitor.link.name,
    arrivedMs: visitor.arrivesMs,
    tookMs: completedMs === null ? null : completedMs - visitor.arrivesMs,
    died: hasDied,
    failure,
    ...(visitor.role === 'honest' ? {} : { role: visitor.role }),
    bytesFromOrigin,
    bytesFromPeers,
    bytesToPeers,
  }
}
