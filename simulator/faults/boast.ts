/** Says of a session that it has every chunk: in the bit field that follows its hello, and in its updates. */

import type { Geometry } from '../../src/core/geometry.ts'
import { Bitfield } from '../../src/core/bitfield.ts'
import type { SessionOutput } from '../../src/core/session-io.ts'

export class Boast {
  private readonly bits: Uint8Array

  constructor({ chunkCount }: Geometry) {
    this.bits = allBits(chunkCount)
  }

  /** What the session wants done, with the boast in place of what it has. */
  over(outputs: readonly SessionOutput[]): SessionOutput[] {
    const { bits } = this
    return outputs.flatMap((output): SessionOutput[] => {
      if (output.type !== 'send') return [output]
      const { peer, message } = output
      switch (message.type) {
        case 'hello':
          return bits.length === 0
            ? [output]
            : [output, { type: 'send', peer, message: { type: 'bitfield', bits } }]
        case 'bitfield':
        case 'have':
          return []
        case 'update':
          return message.hops > 1 ? [output] : [{ ...output, message: { ...message, bits } }]
        default:
          return [output]
      }
    })
  }
}

export function allBits(chunkCount: number): Uint8Array {
  const all = new Bitfield(chunkCount)
  for (let chunk = 0; chunk < chunkCount; chunk++) all.add(chunk)
  return all.toBytes()
}
