import type { OriginBody, OriginResponse } from '../../src/ports.ts'

/** Less than a network's piece of it, so that pieces are cut. */
const ROOM_BYTES = 10_000

/** The whole body; `received` also has what came before it failed. */
export async function readAll(response: OriginResponse, received: Uint8Array[] = []): Promise<Uint8Array> {
  for (;;) {
    const part = await response.body.read(new Uint8Array(ROOM_BYTES))
    if (part === null) return join(received)
    received.push(part)
  }
}

/** Reads to the end and throws it away. */
export async function readOn(body: OriginBody): Promise<void> {
  while ((await body.read(new Uint8Array(ROOM_BYTES))) !== null);
}

export function join(pieces: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0))
  let offset = 0
  for (const piece of pieces) {
    joined.set(piece, offset)
    offset += piece.byteLength
  }
  return joined
}
