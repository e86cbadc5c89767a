/**
 * Frame of relayed signalling: type, sender's id (8 bytes), addressee's id (8), nonce (u32), ttl (u8), then the data
 * as printable ASCII.
 */

import { invariant } from '../invariant.ts'
import { parsePeerId } from '../types.ts'
import { type FrameReader, FrameWriter, isPrintableAscii } from './bytes.ts'
import { MAX_RELAY_DATA_BYTES, MAX_RELAY_HOPS } from './limits.ts'
import { FRAME_TYPE, isUint, PEER_ID_BYTES } from './peer-frame.ts'
import type { Relay } from './peer-messages.ts'

/** Type, sender, addressee, nonce, ttl. */
const RELAY_HEADER_BYTES = 1 + 2 * PEER_ID_BYTES + 4 + 1

/** Throws `InvariantError` for a message that no receiver would take. */
export function encodeRelay(relay: Relay): Uint8Array<ArrayBuffer> {
  const { from, to, nonce, ttl, data } = relay
  invariant(parsePeerId(from) !== null && parsePeerId(to) !== null, 'Signalling is between two peers.')
  invariant(isUint(nonce, 32) && ttl >= 0 && ttl <= MAX_RELAY_HOPS, 'Nonce and ttl are within the limits.')
  invariant(data.length > 0 && data.length <= MAX_RELAY_DATA_BYTES, 'The data is within the limits.')
  invariant(isPrintableAscii(data), 'The data is printable ASCII.')
  const writer = new FrameWriter(relayByteLength(relay))
  writer.u8(FRAME_TYPE.relay)
  writer.hex(from)
  writer.hex(to)
  writer.u32(nonce)
  writer.u8(ttl)
  writer.ascii(data)
  return writer.finish()
}

/** Length in bytes of the frame for this message. */
export function relayByteLength({ data }: Relay): number {
  return RELAY_HEADER_BYTES + data.length
}

/** The message after the type byte; null where it is malformed. */
export function decodeRelay(reader: FrameReader): Relay | null {
  const from = parsePeerId(reader.hex(PEER_ID_BYTES))
  const to = parsePeerId(reader.hex(PEER_ID_BYTES))
  const nonce = reader.u32()
  const ttl = reader.u8()
  const lengthBytes = reader.remainingBytes
  if (from === null || to === null || ttl > MAX_RELAY_HOPS) return null
  if (lengthBytes === 0 || lengthBytes > MAX_RELAY_DATA_BYTES) return null
  const data = reader.printableAscii(lengthBytes)
  return data === null ? null : { type: 'relay', from, to, nonce, ttl, data }
}
