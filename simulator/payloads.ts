/**
 * Stand-ins for the bytes of blocks: one of each length and kind for a whole simulation.
 */

import type { SimPayload } from './machine.ts'

export class Payloads {
  private readonly genuine = new Map<number, SimPayload>()
  private readonly spoilt = new Map<number, SimPayload>()

  of(byteLength: number, isGenuine: boolean): SimPayload {
    const known = isGenuine ? this.genuine : this.spoilt
    const payload = known.get(byteLength) ?? { byteLength, isGenuine }
    if (!known.has(byteLength)) known.set(byteLength, payload)
    return payload
  }
}
