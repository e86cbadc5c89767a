/**
 * What clients say to each other, and how long it is (BEP 3, "peer messages"). A request is for the rest of a piece, and
 * is as long as the requests for all its blocks of 16 KiB; pieces travel as the simulator's blocks.
 */

export type WireMessage =
  /** The handshake, and what its sender has. */
  | { readonly type: 'bitfield'; readonly bits: Uint8Array }
  | { readonly type: 'have'; readonly chunk: number }
  /** Its sender has everything (BEP 6, "have all"). */
  | { readonly type: 'haveAll' }
  | { readonly type: 'interested' | 'uninterested' | 'choke' | 'unchoke' }
  | { readonly type: 'request'; readonly chunk: number; readonly fromByte: number; readonly bytes: number }
  | { readonly type: 'cancel'; readonly chunk: number; readonly bytes: number }

/** Length of a block that a client asks for, in bytes. BEP 3: "all current implementations use 2^14". */
export const REQUEST_BYTES: number = 16 * 1024

/** In bytes: a handshake; a length and a type; a piece's number; a request's three numbers. */
const HANDSHAKE_BYTES = 68
const HEAD_BYTES = 5
const NUMBER_BYTES = 4
const REQUEST_NUMBERS_BYTES = 12

export function wireBytes(message: WireMessage): number {
  switch (message.type) {
    case 'bitfield':
      return HANDSHAKE_BYTES + HEAD_BYTES + message.bits.length
    case 'have':
      return HEAD_BYTES + NUMBER_BYTES
    case 'haveAll':
    case 'interested':
    case 'uninterested':
    case 'choke':
    case 'unchoke':
      return HEAD_BYTES
    case 'request':
    case 'cancel':
      return Math.ceil(message.bytes / REQUEST_BYTES) * (HEAD_BYTES + REQUEST_NUMBERS_BYTES)
  }
}
