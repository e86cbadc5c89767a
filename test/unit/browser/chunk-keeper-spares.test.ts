import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { ChunkKeeper } from '../../../src/browser/chunk-keeper.ts'
import type { Loan } from '../../../src/browser/spare-buffers.ts'
import type { Bytes } from '../../../src/ports.ts'
import { bytesOf, chunkOf, geometryOf, newGate, settle } from './chunks.ts'
import { keeperOn, MIB, storeAll } from './keeper-setting.ts'
import { FaultyStore } from './stores.ts'

/** 17 chunks fill the cache: the first is out of it when the 18th is stored. */
const GEOMETRY = geometryOf(30, MIB)

function copyingStore(): FaultyStore {
  const store = new FaultyStore()
  store.givesBytesBack = true
  return store
}

/** Keeps a chunk in a buffer of the keeper's, as those who bring chunks do. */
function bring(keeper: ChunkKeeper, chunk: number): Bytes {
  const bytes = keeper.newBuffer(GEOMETRY.lengthBytes(chunk))
  bytes.set(chunkOf(GEOMETRY, chunk))
  keeper.keep(chunk, bytes)
  return bytes
}

async function bringAll(keeper: ChunkKeeper, first = 0, end: number = GEOMETRY.chunkCount): Promise<Bytes[]> {
  const brought: Bytes[] = []
  for (let chunk = first; chunk < end; chunk++) {
    brought.push(bring(keeper, chunk))
    await keeper.whenRoom()
    await settle()
  }
  return brought
}

function isChunk(bytes: Bytes | null, chunk: number): boolean {
  return bytes !== null && Buffer.compare(bytes, chunkOf(GEOMETRY, chunk)) === 0
}

describe('the buffers of chunks', () => {
  it('are used again when the chunks have left memory', async () => {
    const { keeper } = keeperOn(copyingStore(), GEOMETRY)
    const brought = await bringAll(keeper)
    // What has left is used again, and empty where it was.
    expect(brought.filter(({ byteLength }) => byteLength === 0)).toHaveLength(14)
    for (let chunk = 0; chunk < GEOMETRY.chunkCount; chunk++)
      expect(isChunk(await keeper.get(chunk), chunk)).toBe(true)
  })

  it('are not used again where the store may look into them', async () => {
    const { keeper } = keeperOn(new FaultyStore(), GEOMETRY)
    const brought = await bringAll(keeper)
    expect(brought.every((bytes, chunk) => isChunk(bytes, chunk))).toBe(true)
  })

  it('are not used again where memory has taken over from a disk', async () => {
    const store = copyingStore()
    store.failsFromPut = 4
    const { keeper } = keeperOn(store, GEOMETRY)
    const brought = await bringAll(keeper)
    expect(brought.every((bytes, chunk) => isChunk(bytes, chunk))).toBe(true)
  })

  it('stay as they are for whoever was given one', async () => {
    const { keeper } = keeperOn(copyingStore(), GEOMETRY)
    await bringAll(keeper, 0, 10)
    const given = await keeper.get(3)
    const lent = await keeper.borrow(4)
    await bringAll(keeper, 10)
    expect(isChunk(given, 3)).toBe(true)
    expect(isChunk(lent?.bytes ?? null, 4)).toBe(true)
  })

  it('are used again once what was lent has come back', async () => {
    const { keeper } = keeperOn(copyingStore(), GEOMETRY)
    await bringAll(keeper, 0, 10)
    const lent = await keeper.borrow(4)
    lent?.giveBack()
    await bringAll(keeper, 10)
    expect(lent?.bytes.byteLength).toBe(0)
  })

  it('stay as they are while the file is put together', async () => {
    const store = copyingStore()
    // All but the first have no Blob at hand, and are taken from memory.
    store.keepsBlobs = false
    const { keeper } = keeperOn(store, GEOMETRY)
    await bringAll(keeper)
    const gate = newGate()
    store.blobsGate = gate
    const blob = keeper.blob('')
    await settle()
    // Reading what is on the disk pushes those in memory out of it.
    for (let chunk = 0; chunk < 14; chunk++) (await keeper.borrow(chunk))?.giveBack()
    gate.open()
    const bytes = await bytesOf(await blob)
    for (let chunk = 0; chunk < GEOMETRY.chunkCount; chunk++) {
      const start = GEOMETRY.firstByte(chunk)
      expect(isChunk(bytes?.subarray(start, start + GEOMETRY.lengthBytes(chunk)) ?? null, chunk)).toBe(true)
    }
  })

  it('hold the right bytes for whoever looks, whatever is asked for when', async () => {
    const chunk = fc.nat(GEOMETRY.chunkCount - 1)
    const step = fc.oneof(
      fc.record({ type: fc.constant('get' as const), chunk }),
      fc.record({ type: fc.constant('borrow' as const), chunk }),
      fc.record({ type: fc.constant('giveBack' as const), chunk }),
      fc.record({ type: fc.constant('replace' as const), chunk }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 40 }), async (steps) => {
        const { keeper } = keeperOn(copyingStore(), GEOMETRY)
        await storeAll(keeper, GEOMETRY)
        const given: [number, Bytes][] = []
        const loans: [number, Loan][] = []
        for (const { type, chunk } of steps) {
          if (type === 'replace') {
            keeper.forget(chunk)
            bring(keeper, chunk)
          } else if (type === 'giveBack') loans.shift()?.[1].giveBack()
          else if (type === 'borrow') {
            const loan = await keeper.borrow(chunk)
            expect(loan).not.toBeNull()
            if (loan !== null) loans.push([chunk, loan])
          } else {
            const bytes = await keeper.get(chunk)
            expect(bytes).not.toBeNull()
            if (bytes !== null) given.push([chunk, bytes])
          }
        }
        await settle()
        for (const [chunk, bytes] of given) expect(isChunk(bytes, chunk)).toBe(true)
        for (const [chunk, { bytes }] of loans) expect(isChunk(bytes, chunk)).toBe(true)
      }),
      { numRuns: 10 },
    )
  })
})
