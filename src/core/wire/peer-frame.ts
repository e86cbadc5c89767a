/**
 * What the codecs of all peer frames share: the type bytes, and the bounds of their commonest fields.
 */

import { MAX_CHUNKS, MAX_HOPS } from './limits.ts'

/**
 * First byte of a frame. Grouped, with gaps for later messages of the same kind: 0x0_ the connection, 0x1_ what a
 * neighbour has, 0x2_ moving chunks, 0x3_ what floods. 0x00 and 0xf_ stay free, for good.
 */
export const FRAME_TYPE = {
  hello: 0x01,
  probe: 0x02,
  echo: 0x03,
  leaving: 0x0e,
  goodbye: 0x0f,
  bitfield: 0x10,
  have: 0x11,
  known: 0x12,
  request: 0x20,
  cancel: 0x21,
  refuse: 0x22,
  block: 0x28,
  claim: 0x30,
  update: 0x31,
  relay: 0x38,
} as const

/** Whether this can be the index of a chunk in any file. */
export function isChunk(index: number): boolean {
  return Number.isInteger(index) && index >= 0 && index < MAX_CHUNKS
}

/** Whether the value fits an unsigned field of that width. */
export function isUint(value: number, bits: 8 | 16 | 32): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** bits
}

/** Whether a flooded message may have crossed so many links. */
export function isHops(hops: number): boolean {
  return isUint(hops, 8) && hops <= MAX_HOPS
}

/** Bytes of a peer's id in a frame. */
export const PEER_ID_BYTES = 8
