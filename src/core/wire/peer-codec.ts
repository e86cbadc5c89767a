/**
 * Peer messages to binary frames and back: one type byte, then fields of fixed width, big-endian. docs/PROTOCOL.md
 * draws the layouts. Everything that arrives is held against `limits.ts` before anything is allocated for it, and a
 * frame must be exactly as long as its fields say: so there is one frame for each message, and re-encoding what was
 * decoded gives the same bytes. Payloads, digests and bit fields come out as views of the frame, not as copies.
 */

import { invariant } from '../invariant.ts'
import { FrameReader, FrameWriter } from './bytes.ts'
import { claimByteLength, decodeClaim, encodeClaim } from './claim-codec.ts'
import { decodeHello, encodeHello, helloByteLength } from './hello-codec.ts'
import {
  DIGEST_BYTES,
  MAX_BLOCK_BYTES,
  MAX_BITFIELD_BYTES,
  MAX_CHUNKS_PER_LEAVING,
  MAX_CHUNK_BYTES,
  MAX_FRAME_BYTES,
  MAX_HAVES_PER_MESSAGE,
  MAX_REQUESTS_PER_MESSAGE,
} from './limits.ts'
import { FRAME_TYPE, isChunk, isUint } from './peer-frame.ts'
import { decodeRelay, encodeRelay, relayByteLength } from './relay-codec.ts'
import { decodeUpdate, encodeUpdate, updateByteLength } from './update-codec.ts'
import type {
  BitfieldMessage,
  Block,
  Echo,
  Goodbye,
  Have,
  Known,
  Leaving,
  PeerMessage,
  Probe,
} from './peer-messages.ts'

/** Bytes of a block's frame before its payload: type, chunk, offset. */
export const BLOCK_HEADER_BYTES = 9

/** A frame whose type byte this version does not know: to be ignored. */
export interface UnknownMessage {
  readonly type: 'unknown'
}

export type DecodedMessage = PeerMessage<Uint8Array<ArrayBuffer>> | UnknownMessage

/** The frame for this message. Throws `InvariantError` for a message that no receiver would take. */
export function encodePeerMessage(message: PeerMessage<Uint8Array>): Uint8Array<ArrayBuffer> {
  switch (message.type) {
    case 'hello':
      return encodeHello(message)
    case 'bitfield':
    case 'known':
      return encodeBits(message)
    case 'have':
      return encodeHave(message)
    case 'request':
    case 'cancel':
    case 'refuse':
      return encodeChunkList(message)
    case 'block':
      return encodeBlock(message.chunk, message.offsetBytes, message.payload, 0, message.payload.length)
    case 'claim':
      return encodeClaim(message)
    case 'update':
      return encodeUpdate(message)
    case 'relay':
      return encodeRelay(message)
    case 'probe':
      return encodeProbe(message)
    case 'echo':
      return encodeEcho(message)
    case 'leaving':
      return encodeLeaving(message)
    default:
      return encodeGoodbye(message)
  }
}

/**
 * The frame of a block whose payload is `source` from `start` to before `end`: header and payload are written into
 * `room`, or one new buffer, which is the only copy that sending a block takes.
 */
export function encodeBlock(
  chunk: number,
  offsetBytes: number,
  source: Uint8Array,
  start: number,
  end: number,
  room?: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  invariant(start >= 0 && start <= end && end <= source.length, 'A block lies within its source.')
  invariant(isChunk(chunk) && isBlockPlace(offsetBytes, end - start), 'A block lies within a chunk.')
  const writer = new FrameWriter(BLOCK_HEADER_BYTES + end - start, room)
  writer.u8(FRAME_TYPE.block)
  writer.u32(chunk)
  writer.u32(offsetBytes)
  writer.bytes(source.subarray(start, end))
  return writer.finish()
}

/** Length in bytes of the frame for this message, without making it. */
export function encodedByteLength(message: PeerMessage): number {
  switch (message.type) {
    case 'hello':
      return helloByteLength(message)
    case 'bitfield':
    case 'known':
      return 1 + message.bits.length
    case 'have':
      return HAVE_HEADER_BYTES + message.chunks.length * haveEntryBytes(message.digests !== null)
    case 'request':
    case 'cancel':
    case 'refuse':
      return 1 + message.chunks.length * INDEX_BYTES
    case 'block':
      return BLOCK_HEADER_BYTES + message.payload.byteLength
    case 'claim':
      return claimByteLength(message)
    case 'update':
      return updateByteLength(message)
    case 'relay':
      return relayByteLength(message)
    case 'probe':
      return PROBE_BYTES
    case 'echo':
      return ECHO_BYTES
    case 'leaving':
      return 1 + message.chunks.length * INDEX_BYTES
    default:
      return encodeGoodbye(message).length
  }
}

/** The message of this frame, which is kept and not copied; null where the frame is malformed. Never throws. */
export function decodePeerFrame(frame: Uint8Array<ArrayBuffer>): DecodedMessage | null {
  if (frame.length === 0 || frame.length > MAX_FRAME_BYTES) return null
  const reader = new FrameReader(frame)
  switch (reader.u8()) {
    case FRAME_TYPE.hello:
      return decodeHello(reader)
    case FRAME_TYPE.bitfield:
      return decodeBits(reader, 'bitfield')
    case FRAME_TYPE.known:
      return decodeBits(reader, 'known')
    case FRAME_TYPE.have:
      return decodeHave(reader)
    case FRAME_TYPE.request:
      return decodeChunkList(reader, 'request')
    case FRAME_TYPE.cancel:
      return decodeChunkList(reader, 'cancel')
    case FRAME_TYPE.refuse:
      return decodeChunkList(reader, 'refuse')
    case FRAME_TYPE.block:
      return decodeBlock(reader)
    case FRAME_TYPE.claim:
      return decodeClaim(reader)
    case FRAME_TYPE.update:
      return decodeUpdate(reader)
    case FRAME_TYPE.relay:
      return decodeRelay(reader)
    case FRAME_TYPE.probe:
      return decodeProbe(reader)
    case FRAME_TYPE.echo:
      return decodeEcho(reader)
    case FRAME_TYPE.leaving:
      return decodeLeaving(reader)
    case FRAME_TYPE.goodbye:
      return reader.isExhausted ? { type: 'goodbye' } : null
    default:
      return { type: 'unknown' }
  }
}

// ------------------------------------------------------------------------------------------ what a neighbour has

/** Type, then 1 where digests follow the indices, else 0. */
const HAVE_HEADER_BYTES = 2

const INDEX_BYTES = 4

type BitsMessage = BitfieldMessage | Known

function encodeBits({ type, bits }: BitsMessage): Uint8Array<ArrayBuffer> {
  invariant(bits.length > 0 && bits.length <= MAX_BITFIELD_BYTES, 'A bit field is within the limits.')
  const writer = new FrameWriter(1 + bits.length)
  writer.u8(FRAME_TYPE[type])
  writer.bytes(bits)
  return writer.finish()
}

function decodeBits(reader: FrameReader, type: BitsMessage['type']): BitsMessage | null {
  const lengthBytes = reader.remainingBytes
  if (lengthBytes === 0 || lengthBytes > MAX_BITFIELD_BYTES) return null
  return { type, bits: reader.bytes(lengthBytes) }
}

function encodeHave(have: Have): Uint8Array<ArrayBuffer> {
  const { chunks, digests } = have
  invariant(isChunkList(chunks, MAX_HAVES_PER_MESSAGE), 'A have names chunks, within the limits.')
  invariant(digests === null || digests.length === chunks.length * DIGEST_BYTES, 'One digest for each chunk.')
  const writer = new FrameWriter(encodedByteLength(have))
  writer.u8(FRAME_TYPE.have)
  writer.u8(digests === null ? 0 : 1)
  for (const chunk of chunks) writer.u32(chunk)
  if (digests !== null) writer.bytes(digests)
  return writer.finish()
}

function decodeHave(reader: FrameReader): Have | null {
  const digestFlag = reader.u8()
  if (digestFlag > 1) return null
  const count = reader.remainingBytes / haveEntryBytes(digestFlag === 1)
  const chunks = readChunks(reader, count, MAX_HAVES_PER_MESSAGE)
  if (chunks === null) return null
  const digests = digestFlag === 1 ? reader.bytes(count * DIGEST_BYTES) : null
  return reader.isExhausted ? { type: 'have', chunks, digests } : null
}

function haveEntryBytes(hasDigests: boolean): number {
  return hasDigests ? INDEX_BYTES + DIGEST_BYTES : INDEX_BYTES
}

// -------------------------------------------------------------------------- requests, and the blocks they fetch

type ChunkListMessage = Extract<PeerMessage, { type: 'request' | 'cancel' | 'refuse' }>

function encodeChunkList({ type, chunks }: ChunkListMessage): Uint8Array<ArrayBuffer> {
  invariant(isChunkList(chunks, MAX_REQUESTS_PER_MESSAGE), 'A list names chunks, within the limits.')
  const writer = new FrameWriter(1 + chunks.length * INDEX_BYTES)
  writer.u8(FRAME_TYPE[type])
  for (const chunk of chunks) writer.u32(chunk)
  return writer.finish()
}

function decodeChunkList(reader: FrameReader, type: ChunkListMessage['type']): ChunkListMessage | null {
  const chunks = readChunks(reader, reader.remainingBytes / INDEX_BYTES, MAX_REQUESTS_PER_MESSAGE)
  return chunks === null ? null : { type, chunks }
}

function decodeBlock(reader: FrameReader): Block<Uint8Array<ArrayBuffer>> | null {
  const chunk = reader.u32()
  const offsetBytes = reader.u32()
  const lengthBytes = reader.remainingBytes
  if (!isChunk(chunk) || !isBlockPlace(offsetBytes, lengthBytes)) return null
  return { type: 'block', chunk, offsetBytes, payload: reader.bytes(lengthBytes) }
}

function isBlockPlace(offsetBytes: number, lengthBytes: number): boolean {
  if (!isUint(offsetBytes, 32) || lengthBytes < 1 || lengthBytes > MAX_BLOCK_BYTES) return false
  return offsetBytes + lengthBytes <= MAX_CHUNK_BYTES
}

/** `count` indices; null unless `count` is a whole number from 1 to `limit` and every index is one of a chunk. */
function readChunks(reader: FrameReader, count: number, limit: number): number[] | null {
  if (!Number.isInteger(count) || count < 1 || count > limit) return null
  const chunks = Array.from({ length: count }, () => reader.u32())
  return chunks.every(isChunk) ? chunks : null
}

function isChunkList(chunks: readonly number[], limit: number): boolean {
  return chunks.length > 0 && chunks.length <= limit && chunks.every(isChunk)
}

// ------------------------------------------------------------------------------------ the connection, and its end

/** Type, number (u32). */
const PROBE_BYTES = 5

/** Type, number (u32), time (u32). */
const ECHO_BYTES = 9

function encodeProbe({ number }: Probe): Uint8Array<ArrayBuffer> {
  invariant(isUint(number, 32), 'The number of a probe fits its field.')
  const writer = new FrameWriter(PROBE_BYTES)
  writer.u8(FRAME_TYPE.probe)
  writer.u32(number)
  return writer.finish()
}

function decodeProbe(reader: FrameReader): Probe | null {
  return reader.remainingBytes === PROBE_BYTES - 1 ? { type: 'probe', number: reader.u32() } : null
}

function encodeEcho({ number, heardAtMs }: Echo): Uint8Array<ArrayBuffer> {
  invariant(isUint(number, 32) && isUint(heardAtMs, 32), 'Number and time of an echo fit their fields.')
  const writer = new FrameWriter(ECHO_BYTES)
  writer.u8(FRAME_TYPE.echo)
  writer.u32(number)
  writer.u32(heardAtMs)
  return writer.finish()
}

function decodeEcho(reader: FrameReader): Echo | null {
  if (reader.remainingBytes !== ECHO_BYTES - 1) return null
  return { type: 'echo', number: reader.u32(), heardAtMs: reader.u32() }
}

function encodeLeaving(leaving: Leaving): Uint8Array<ArrayBuffer> {
  const { chunks } = leaving
  const isInLimits = chunks.length <= MAX_CHUNKS_PER_LEAVING && chunks.every(isChunk)
  invariant(isInLimits, 'Who leaves names chunks, within the limits.')
  const writer = new FrameWriter(encodedByteLength(leaving))
  writer.u8(FRAME_TYPE.leaving)
  for (const chunk of chunks) writer.u32(chunk)
  return writer.finish()
}

function decodeLeaving(reader: FrameReader): Leaving | null {
  if (reader.remainingBytes === 0) return { type: 'leaving', chunks: [] }
  const chunks = readChunks(reader, reader.remainingBytes / INDEX_BYTES, MAX_CHUNKS_PER_LEAVING)
  return chunks === null ? null : { type: 'leaving', chunks }
}

function encodeGoodbye({ type }: Goodbye): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(FRAME_TYPE[type])
}
