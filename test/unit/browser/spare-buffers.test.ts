import { describe, expect, it } from 'vitest'

import { SpareBuffers } from '../../../src/browser/spare-buffers.ts'
import type { Bytes } from '../../../src/ports.ts'
import { MIB } from './keeper-setting.ts'

function filled(lengthBytes: number): Bytes {
  return new Uint8Array(lengthBytes).fill(7)
}

/** What is used again still has in it what it had. */
function isUsedAgain(bytes: Bytes): boolean {
  return bytes[0] === 7
}

describe('a buffer that is given up', () => {
  it('is used again, once, for a chunk of its length', () => {
    const spares = new SpareBuffers()
    spares.giveUp(filled(1000))
    expect(isUsedAgain(spares.take(999))).toBe(false)
    const again = spares.take(1000)
    expect([again.byteLength, isUsedAgain(again)]).toEqual([1000, true])
    expect(isUsedAgain(spares.take(1000))).toBe(false)
  })

  it('is empty for whoever still looks into it', () => {
    const spares = new SpareBuffers()
    const before = filled(1000)
    spares.giveUp(before)
    spares.take(1000).fill(1)
    expect(before.byteLength).toBe(0)
  })

  it('is not used again where it was shared', () => {
    const spares = new SpareBuffers()
    const bytes = filled(1000)
    expect(spares.share(bytes)).toBe(bytes)
    spares.lend(bytes).giveBack()
    spares.giveUp(bytes)
    expect(isUsedAgain(spares.take(1000))).toBe(false)
    expect(isUsedAgain(bytes)).toBe(true)
  })

  it('is not used again while any loan of it is out', () => {
    const spares = new SpareBuffers()
    const bytes = filled(1000)
    const [first, second] = [spares.lend(bytes), spares.lend(bytes)]
    expect(first.bytes).toBe(bytes)
    first.giveBack()
    // Twice is once.
    first.giveBack()
    spares.giveUp(bytes)
    expect(isUsedAgain(spares.take(1000))).toBe(false)
    second.giveBack()
    spares.giveUp(bytes)
    expect(isUsedAgain(spares.take(1000))).toBe(true)
  })

  it('is not used again where it is a part of a longer one', () => {
    const spares = new SpareBuffers()
    const frame = filled(1009)
    spares.giveUp(frame.subarray(9))
    expect(frame.byteLength).toBe(1009)
    expect(isUsedAgain(spares.take(1000))).toBe(false)
  })

  it('is not used again where 8 MiB are in reserve', () => {
    const spares = new SpareBuffers()
    for (let chunk = 0; chunk < 9; chunk++) spares.giveUp(filled(MIB))
    const taken = Array.from({ length: 9 }, () => spares.take(MIB))
    expect(taken.filter((bytes) => isUsedAgain(bytes))).toHaveLength(8)
    spares.giveUp(filled(MIB))
    expect(isUsedAgain(spares.take(MIB))).toBe(true)
  })
})
