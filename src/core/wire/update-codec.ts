/**
 * Frame of an update: type, peer's id (8 bytes), sequence (u32), hops (u8), degree (u8), then its bit field.
 */

import { invariant } from '../invariant.ts'
import { parsePeerId } from '../types.ts'
import { type FrameReader, FrameWriter } from './bytes.ts'
import { MAX_BITFIELD_BYTES } from './limits.ts'
import { FRAME_TYPE, isHops, isUint, PEER_ID_BYTES } from './peer-frame.ts'
import type { Update } from './peer-messages.ts'

/** Type, peer, sequence, hops, degree. */
const UPDATE_HEADER_BYTES = 1 + PEER_ID_BYTES + 4 + 1 + 1

/** Throws `InvariantError` for an update that no receiver would take. */
export function encodeUpdate(update: Update): Uint8Array<ArrayBuffer> {
  const { bits } = update
  invariant(parsePeerId(update.peer) !== null, 'An update is about a peer.')
  invariant(isUint(update.sequence, 32) && isHops(update.hops), 'Sequence and hops are within the limits.')
  invariant(isUint(update.degree, 8), 'A degree fits its field.')
  invariant(bits.length > 0 && bits.length <= MAX_BITFIELD_BYTES, 'A bit field is within the limits.')
  const writer = new FrameWriter(updateByteLength(update))
  writer.u8(FRAME_TYPE.update)
  writer.hex(update.peer)
  writer.u32(update.sequence)
  writer.u8(update.hops)
  writer.u8(update.degree)
  writer.bytes(bits)
  return writer.finish()
}

/** Length in bytes of the frame for this update. */
export function updateByteLength({ bits }: Update): number {
  return UPDATE_HEADER_BYTES + bits.length
}

/** The update after the type byte, its bits a view of the frame; null where it is malformed. */
export function decodeUpdate(reader: FrameReader): Update | null {
  const peer = parsePeerId(reader.hex(PEER_ID_BYTES))
  const sequence = reader.u32()
  const hops = reader.u8()
  const degree = reader.u8()
  const lengthBytes = reader.remainingBytes
  if (peer === null || !isHops(hops) || lengthBytes === 0 || lengthBytes > MAX_BITFIELD_BYTES) return null
  return { type: 'update', peer, sequence, hops, degree, bits: reader.bytes(lengthBytes) }
}
