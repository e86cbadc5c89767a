/**
 * One visitor's line in the book of a run.
 */

import type { Host } from './host.ts'
import type { Visitor } from './population.ts'
import type { PeerOutcome } from './scenario.ts'

/** What is known of a visitor, also when it has gone. */
export interface Entry {
  readonly visitor: Visitor
  host: Host | null
  completedMs: number | null
  hasDied: boolean
  failure: string | null
  bytesFromOrigin: number
  bytesFromPeers: number
  bytesToPeers: number
}

export function newEntry(visitor: Visitor): Entry {
  const counts = { bytesFromOrigin: 0, bytesFromPeers: 0, bytesToPeers: 0 }
  return { visitor, host: null, completedMs: null, hasDied: false, failure: null, ...counts }
}

/** The host goes, or the run ends: what it counted stays. */
export function takeBytes(entry: Entry): void {
  if (entry.host === null) return
  entry.bytesFromOrigin = entry.host.bytesFromOrigin
  entry.bytesFromPeers = entry.host.bytesFromPeers
  entry.bytesToPeers = entry.host.uplink.blockBytes
}

export function outcomeOf(entry: Entry): PeerOutcome {
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
