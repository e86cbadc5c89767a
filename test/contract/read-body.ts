import type { Bytes, OriginResponse } from '../../src/ports.ts'

/** The whole body; `received` also has what came before it failed. */
export async function readAll(response: OriginResponse, received: Uint8Array[] = []): Promise<Uint8Array> {
  const reader = response.body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return join(received)
    received.push(value)
  }
}

/** Reads to the end and throws it away. */
export async function readOn(reader: ReadableStreamDefaultReader<Bytes>): Promise<void> {
  while (!(await reader.read()).done);
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
