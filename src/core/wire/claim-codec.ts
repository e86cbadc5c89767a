/**
 * Frame of a claim: type, claimer's id (8 bytes), sequence (u32), hops (u8), then its runs (two u32 each).
 */

import { invariant } from '../invariant.ts'
import { parsePeerId, type ChunkRun } from '../types.ts'
import { type FrameReader, FrameWriter } from './bytes.ts'
import { MAX_CHUNKS, MAX_RUNS_PER_CLAIM } from './limits.ts'
import { FRAME_TYPE, isChunk, isHops, isUint, PEER_ID_BYTES } from './peer-frame.ts'
import type { Claim } from './peer-messages.ts'

/** Type, claimer, sequence, hops. */
const CLAIM_HEADER_BYTES = 1 + PEER_ID_BYTES + 4 + 1

const RUN_BYTES = 8

/** Throws `InvariantError` for a claim that no receiver would take. */
export function encodeClaim(claim: Claim): Uint8Array<ArrayBuffer> {
  invariant(parsePeerId(claim.peer) !== null, 'A claimer has the id of a peer.')
  invariant(isUint(claim.sequence, 32) && isHops(claim.hops), 'Sequence and hops are within the limits.')
  invariant(claim.runs.length <= MAX_RUNS_PER_CLAIM && claim.runs.every(isRun), 'Runs are within the limits.')
  const writer = new FrameWriter(claimByteLength(claim))
  writer.u8(FRAME_TYPE.claim)
  writer.hex(claim.peer)
  writer.u32(claim.sequence)
  writer.u8(claim.hops)
  for (const { start, count } of claim.runs) {
    writer.u32(start)
    writer.u32(count)
  }
  return writer.finish()
}

/** Length in bytes of the frame for this claim. */
export function claimByteLength(claim: Claim): number {
  return CLAIM_HEADER_BYTES + claim.runs.length * RUN_BYTES
}

/** The claim after the type byte; null where it is malformed. */
export function decodeClaim(reader: FrameReader): Claim | null {
  const peer = parsePeerId(reader.hex(PEER_ID_BYTES))
  const sequence = reader.u32()
  const hops = reader.u8()
  const count = reader.remainingBytes / RUN_BYTES
  if (peer === null || !isHops(hops) || !Number.isInteger(count) || count > MAX_RUNS_PER_CLAIM) return null
  const runs = Array.from({ length: count }, (): ChunkRun => ({ start: reader.u32(), count: reader.u32() }))
  return reader.isExhausted && runs.every(isRun) ? { type: 'claim', peer, sequence, hops, runs } : null
}

function isRun({ start, count }: ChunkRun): boolean {
  return isChunk(start) && Number.isInteger(count) && count >= 1 && start + count <= MAX_CHUNKS
}
