import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { Bitfield } from '../../../src/core/bitfield.ts'

const SIZE = 37

function fieldOf(chunks: readonly number[]): Bitfield {
  const field = new Bitfield(SIZE)
  for (const chunk of chunks) field.add(chunk)
  return field
}

describe('a bit field off the wire', () => {
  it('is refused where its length does not fit the number of chunks', () => {
    expect(Bitfield.parse(new Uint8Array(4), SIZE)).toBeNull()
    expect(Bitfield.parse(new Uint8Array(6), SIZE)).toBeNull()
    expect(Bitfield.parse(new Uint8Array(0), SIZE)).toBeNull()
    expect(Bitfield.parse(new Uint8Array(1), 0)).toBeNull()
    expect(Bitfield.parse(new Uint8Array(5), SIZE)).not.toBeNull()
  })

  it('is refused where any spare bit is set', () => {
    for (let spare = 0; spare < 8; spare++) {
      const bytes = new Uint8Array(5)
      bytes[4] = 1 << spare
      expect(Bitfield.parse(bytes, SIZE) === null).toBe(spare < 3)
    }
  })

  it('may use every bit where there are no spare ones', () => {
    const full = Bitfield.parse(Uint8Array.of(255, 255), 16)
    expect(full?.isFull).toBe(true)
    expect(full?.count).toBe(16)
  })

  it('holds chunk 0 in the highest bit of the first byte', () => {
    expect([...(Bitfield.parse(Uint8Array.of(0b1000_0001, 0b0100_0000), 16)?.chunks() ?? [])]).toEqual([
      0, 7, 9,
    ])
  })

  it('takes in another, and tells how many the other lacks', () => {
    const subsets = fc.uniqueArray(fc.nat(SIZE - 1))
    fc.assert(
      fc.property(subsets, subsets, (one, other) => {
        const [ours, theirs] = [fieldOf(one), fieldOf(other)]
        expect(ours.countBeyond(theirs)).toBe(one.filter((chunk) => !other.includes(chunk)).length)
        ours.addAll(theirs)
        const all = [...new Set([...one, ...other])].sort((a, b) => a - b)
        expect([[...ours.chunks()], ours.count]).toEqual([all, all.length])
        expect(theirs.count).toBe(other.length)
      }),
    )
  })

  it('is copied, so that the frame may be reused', () => {
    const bytes = Uint8Array.of(0xff)
    const field = Bitfield.parse(bytes, 8)
    bytes[0] = 0
    expect(field?.count).toBe(8)
  })

  it('is the same again when it is sent on', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(SIZE - 1)), (chunks) => {
        const field = new Bitfield(SIZE)
        for (const chunk of chunks) field.add(chunk)
        const copy = Bitfield.parse(field.toBytes(), SIZE)
        expect([...(copy?.chunks() ?? [])]).toEqual([...field.chunks()])
        expect(copy?.count).toBe(chunks.length)
      }),
    )
  })
})

describe('a set of chunks', () => {
  it('behaves as a Set of their indices', () => {
    const step = fc.record({ adds: fc.boolean(), chunk: fc.nat(SIZE - 1) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const field = new Bitfield(SIZE)
        const model = new Set<number>()
        for (const { adds, chunk } of steps) {
          const changes = model.has(chunk) !== adds
          expect(adds ? field.add(chunk) : field.remove(chunk)).toBe(changes)
          if (adds) model.add(chunk)
          else model.delete(chunk)
          expect(field.has(chunk)).toBe(adds)
          expect(field.count).toBe(model.size)
          expect(field.isFull).toBe(model.size === SIZE)
        }
        expect([...field.chunks()]).toEqual([...model].sort((a, b) => a - b))
      }),
    )
  })

  it('has nothing outside its range', () => {
    const field = new Bitfield(SIZE)
    for (let chunk = 0; chunk < SIZE; chunk++) field.add(chunk)
    expect(field.isFull).toBe(true)
    for (const outside of [-1, SIZE, SIZE + 1, SIZE + 100]) expect(field.has(outside)).toBe(false)
  })

  it('of an empty file is full and empty at once', () => {
    const field = new Bitfield(0)
    expect(field.isFull).toBe(true)
    expect([...field.chunks()]).toEqual([])
    expect(field.toBytes()).toHaveLength(0)
  })

  it('hands out copies of its bytes', () => {
    const field = new Bitfield(8)
    field.toBytes()[0] = 0xff
    expect(field.count).toBe(0)
    expect(field.has(0)).toBe(false)
  })
})
