/**
 * Telling a neighbour what we hold: all at once in the beginning, then chunk by chunk.
 */

import type { Context } from '../context.ts'
import type { DigestTable } from '../digests.ts'
import type { Inventory } from '../inventory.ts'
import { DIGEST_BYTES, MAX_HAVES_PER_MESSAGE } from '../wire/limits.ts'
import type { Neighbour } from './neighbour.ts'

/** Everything we hold: one bit a chunk, or with digests where the neighbour verifies by them. */
export function greetWithHoldings(
  context: Context,
  neighbour: Neighbour,
  { inventory, digests }: { inventory: Inventory; digests: DigestTable },
): void {
  if (inventory.kept.count === 0) return
  if (neighbour.wantsDigests) return announceTo(context, neighbour, [...inventory.kept.chunks()], digests)
  context.emit({
    type: 'send',
    peer: neighbour.id,
    message: { type: 'bitfield', bits: inventory.kept.toBytes() },
  })
}

/** These chunks, in as many messages as their number asks for. */
export function announceTo(
  context: Context,
  neighbour: Neighbour,
  chunks: readonly number[],
  digests: DigestTable,
): void {
  for (let start = 0; start < chunks.length; start += MAX_HAVES_PER_MESSAGE) {
    const part = chunks.slice(start, start + MAX_HAVES_PER_MESSAGE)
    context.emit({
      type: 'send',
      peer: neighbour.id,
      message: { type: 'have', chunks: part, digests: neighbour.wantsDigests ? collect(part, digests) : null },
    })
  }
}

/** The chunks' digests in one array; null if one is unknown (a simulated network hashes nothing). */
function collect(chunks: readonly number[], digests: DigestTable): Uint8Array | null {
  const collected = new Uint8Array(chunks.length * DIGEST_BYTES)
  for (const [place, chunk] of chunks.entries()) {
    const digest = digests.get(chunk)
    if (digest === null) return null
    collected.set(digest, place * DIGEST_BYTES)
  }
  return collected
}
