/**
 * What the demo says: numbers with units, and one sentence a state. Pure, so that it can be tested without a page.
 */

import type { DownloadResult, DownloadStats } from '../src/index.ts'

/** Decimal units, as origins and operators count: 1 MB is 10^6 bytes. */
export function bytes(count: number): string {
  // Each limit is where the smaller unit would round up to four digits.
  if (count >= 999.5e6) return `${(count / 1e9).toFixed(2)} GB`
  if (count >= 99.95e6) return `${Math.round(count / 1e6)} MB`
  if (count >= 999.5e3) return `${(count / 1e6).toFixed(1)} MB`
  if (count === 0) return '0 MB'
  return `${Math.max(1, Math.round(count / 1e3))} kB`
}

export function rate(bytesPerSec: number): string {
  return bytesPerSec < 500 ? 'idle' : `${bytes(bytesPerSec)}/s`
}

export function duration(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1_000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** "1 visitor", "3 visitors". */
export function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`
}

export function percent(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.floor(Math.min(1, Math.max(0, part / whole)) * 100)
}

export interface Situation {
  /** The library's states, and two of the page's own: nothing was started, and the visitor cancelled. */
  readonly state: string
  readonly stats: DownloadStats | null
  /** What the result says of itself, once complete. */
  readonly verified: DownloadResult['verified']
}

/** One sentence for the live region. Holds no running figure, or it would be read out again and again. */
export function sentence({ state, stats, verified }: Situation): string {
  const neighbours = stats?.neighbours.length ?? 0
  switch (state) {
    case 'idle':
      return 'Ready. Start the download here, and in a second tab to see the two help each other.'
    case 'starting':
      return 'Asking the origin for the file, and the topology server for other visitors …'
    case 'downloading':
      return neighbours === 0
        ? 'Downloading from the origin; no other visitor is here yet.'
        : 'Downloading, from the origin and together with other visitors.'
    case 'paused':
      return 'Paused. What has arrived is kept.'
    case 'verifying':
      return 'All here. Comparing the bytes with the hash that this page was given …'
    case 'complete':
      return `${COMPLETE[verified === false ? 'unverified' : 'verified']}${thanks(stats)}`
    case 'cancelled':
      return 'Cancelled. Start again whenever you like.'
    case 'failed':
      return 'The download could not be completed.'
    default:
      return ''
  }
}

/** The pill's words. */
export function stateWord(state: string): string {
  return STATE_WORDS[state] ?? state
}

/** How the completed bytes divide up, in bytes; the three add up to `completedBytes` (duplicates are scaled away). */
export function sources(stats: DownloadStats): { kept: number; origin: number; peers: number } {
  const arrived = stats.bytesFromOrigin + stats.bytesFromPeers
  const kept = Math.max(0, stats.completedBytes - arrived)
  const scale = arrived === 0 ? 0 : Math.min(1, stats.completedBytes / arrived)
  return { kept, origin: stats.bytesFromOrigin * scale, peers: stats.bytesFromPeers * scale }
}

const STATE_WORDS: Readonly<Record<string, string>> = {
  idle: 'Ready',
  starting: 'Starting',
  downloading: 'Downloading',
  paused: 'Paused',
  verifying: 'Verifying',
  complete: 'Complete',
  cancelled: 'Cancelled',
  failed: 'Failed',
}

const COMPLETE = {
  verified: 'Complete, and verified: these are the very bytes that the page promised.',
  unverified: 'Complete. The page had no hash to verify it with.',
}

function thanks(stats: DownloadStats | null): string {
  if (stats === null || stats.completedBytes === 0) return ''
  const { kept, peers } = sources(stats)
  if (percent(kept, stats.completedBytes) >= 50) return ' Most of it was here already, from an earlier visit.'
  const share = percent(peers, stats.completedBytes)
  return share === 0 ? ' All of it came from the origin.' : ` ${share}% of it came from other visitors.`
}
