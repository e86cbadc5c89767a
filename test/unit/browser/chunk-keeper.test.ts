import { describe, expect, it, vi } from 'vitest'

import { MemoryStore } from '../../../src/browser/memory-store.ts'
import type { ChunkStore } from '../../../src/ports.ts'
import { bytesOf, chunkOf, fileBytes, geometryOf, isSettled, newGate, settle } from './chunks.ts'
import { expectWhole, GEOMETRY, keepAll, keeperOn, MIB, storeAll } from './keeper-setting.ts'
import { FaultyStore } from './stores.ts'

describe.each(['memory', 'indexeddb'] as const)('what is kept (%s)', (kind) => {
  const newStore = (): ChunkStore => (kind === 'memory' ? new MemoryStore() : new FaultyStore())

  it('can be read at once, and when it is stored', async () => {
    const kept = keeperOn(newStore())
    kept.keeper.keep(3, chunkOf(GEOMETRY, 3))
    expect(await kept.keeper.get(3)).toEqual(chunkOf(GEOMETRY, 3))
    await settle()
    expect(await kept.keeper.get(3)).toEqual(chunkOf(GEOMETRY, 3))
    expect(kept.keeper.storage).toBe(kind)
  })

  it('is the whole file in the end, stored or still on its way', async () => {
    const kept = keeperOn(newStore())
    keepAll(kept.keeper)
    await expectWhole(kept)
    await settle()
    await expectWhole(kept)
  })

  it('is replaced by what is kept after it', async () => {
    const kept = keeperOn(newStore())
    kept.keeper.keep(3, chunkOf(GEOMETRY, 3, 1))
    await settle()
    keepAll(kept.keeper)
    await settle()
    await expectWhole(kept)
  })

  it('is gone once it is forgotten, and may come again', async () => {
    const kept = keeperOn(newStore())
    keepAll(kept.keeper)
    await settle()
    kept.keeper.forget(3)
    await settle()
    expect(await kept.keeper.get(3)).toBeNull()
    expect(await kept.keeper.blob('')).toBeNull()
    expect(kept.lost.splice(0)).toEqual([3])
    kept.keeper.keep(3, chunkOf(GEOMETRY, 3))
    await settle()
    await expectWhole(kept)
  })

  it('is all gone after a deletion, but for Blobs handed out', async () => {
    const { keeper } = keeperOn(newStore())
    keepAll(keeper)
    await settle()
    const blob = await keeper.blob('')
    await keeper.delete()
    keeper.keep(0, chunkOf(GEOMETRY, 0))
    await settle()
    expect(await keeper.get(0)).toBeNull()
    expect(await bytesOf(blob)).toEqual(fileBytes(GEOMETRY))
  })
})

describe('what is not kept', () => {
  it('reads as null, and its absence from the whole is told', async () => {
    const { keeper, lost } = keeperOn(new MemoryStore())
    keeper.keep(3, chunkOf(GEOMETRY, 3))
    expect(await keeper.get(4)).toBeNull()
    expect(await keeper.blob('')).toBeNull()
    expect(lost).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9])
  })
})

describe('an earlier visit', () => {
  it('left chunks that can be read', async () => {
    const before = [3, 5].map((index) => ({ index, bytes: chunkOf(GEOMETRY, index) }))
    const { keeper } = keeperOn(new FaultyStore('indexeddb', before))
    expect(await keeper.whenOpen()).toEqual([3, 5])
    expect(await keeper.get(5)).toEqual(chunkOf(GEOMETRY, 5))
  })

  it('left chunks that this file does not have, or of another length: they do not count', async () => {
    const before = [
      { index: 99, bytes: new Uint8Array(1000) },
      { index: 3, bytes: new Uint8Array(17) },
    ]
    const { keeper } = keeperOn(new FaultyStore('indexeddb', before))
    expect(await keeper.whenOpen()).toEqual([3])
    expect(await keeper.get(3)).toBeNull()
    for (const chunk of [0, 1, 2, 4, 5, 6, 7, 8, 9]) keeper.keep(chunk, chunkOf(GEOMETRY, chunk))
    await settle()
    expect(await keeper.blob('')).toBeNull()
  })
})

describe('writing', () => {
  it('goes in groups of about 4 MiB, one at a time', async () => {
    const geometry = geometryOf(20, MIB)
    const store = new FaultyStore()
    const { keeper } = keeperOn(store, geometry)
    await keeper.whenOpen()
    const gate = newGate()
    store.putGate = gate
    keeper.keep(0, chunkOf(geometry, 0))
    await settle()
    for (let chunk = 1; chunk < 11; chunk++) keeper.keep(chunk, chunkOf(geometry, chunk))
    await settle()
    expect(store.groups).toEqual([[0]])
    gate.open()
    await settle()
    expect(store.groups).toEqual([[0], [1, 2, 3, 4], [5, 6, 7, 8], [9, 10]])
  })

  it('of a chunk that is replaced meanwhile is done again', async () => {
    const store = new FaultyStore()
    const gate = newGate()
    store.putGate = gate
    const kept = keeperOn(store)
    kept.keeper.keep(3, chunkOf(GEOMETRY, 3, 1))
    await settle()
    keepAll(kept.keeper)
    gate.open()
    await settle()
    await expectWhole(kept)
  })

  it('keeps a given-up chunk out of the whole, though the store has not let go of it yet', async () => {
    const store = new FaultyStore()
    const { keeper, lost } = keeperOn(store)
    keepAll(keeper)
    await settle()
    const gate = newGate()
    store.putGate = gate
    keeper.keep(0, chunkOf(GEOMETRY, 0))
    await settle()
    keeper.forget(3)
    expect(await keeper.get(3)).toBeNull()
    expect(await keeper.blob('')).toBeNull()
    expect(lost).toEqual([3])
    gate.open()
  })

  it('of a chunk that is forgotten meanwhile leaves nothing behind', async () => {
    const store = new FaultyStore()
    const gate = newGate()
    store.putGate = gate
    const { keeper } = keeperOn(store)
    keeper.keep(3, chunkOf(GEOMETRY, 3))
    await settle()
    keeper.forget(3)
    gate.open()
    await settle()
    expect(await keeper.get(3)).toBeNull()
  })

  it('is finished before the store is closed', async () => {
    const store = new FaultyStore()
    const gate = newGate()
    store.putGate = gate
    const { keeper } = keeperOn(store)
    keepAll(keeper)
    const closed = keeper.close()
    expect(await isSettled(closed)).toBe(false)
    gate.open()
    await closed
    expect(store.groups.flat().sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })
})

describe('a read that ends late', () => {
  it('does not bring back what an earlier visit left, once another is kept', async () => {
    const stale = chunkOf(GEOMETRY, 3, 1)
    const store = new FaultyStore('indexeddb', [{ index: 3, bytes: stale }])
    const { keeper } = keeperOn(store)
    await keeper.whenOpen()
    const gate = newGate()
    store.getGate = gate
    const late = keeper.get(3)
    await settle()
    keeper.keep(3, chunkOf(GEOMETRY, 3))
    await settle()
    gate.open()
    expect(await late).toEqual(chunkOf(GEOMETRY, 3))
    expect(await keeper.get(3)).toEqual(chunkOf(GEOMETRY, 3))
  })
})

describe('room', () => {
  const geometry = geometryOf(64, MIB)

  it('is there until 8 MiB wait to be written, and again when some are', async () => {
    const store = new FaultyStore()
    const { keeper } = keeperOn(store, geometry)
    await keeper.whenOpen()
    const gate = newGate()
    store.putGate = gate
    for (let chunk = 0; chunk < 8; chunk++) keeper.keep(chunk, chunkOf(geometry, chunk))
    expect(await isSettled(keeper.whenRoom())).toBe(true)
    keeper.keep(8, chunkOf(geometry, 8))
    const room = keeper.whenRoom()
    expect(await isSettled(room)).toBe(false)
    gate.open()
    await room
  })

  it('keeps nobody waiting once the download is deleted', async () => {
    const store = new FaultyStore()
    const gate = newGate()
    store.putGate = gate
    const { keeper } = keeperOn(store, geometry)
    for (let chunk = 0; chunk < 30; chunk++) keeper.keep(chunk, chunkOf(geometry, chunk))
    const room = keeper.whenRoom()
    const deleted = keeper.delete()
    await room
    gate.open()
    await deleted
  })

  it('is counted once for a chunk that is kept twice', async () => {
    const store = new FaultyStore()
    store.putGate = newGate()
    const { keeper } = keeperOn(store, geometry)
    for (let times = 0; times < 60; times++) keeper.keep(0, chunkOf(geometry, 0))
    expect(await isSettled(keeper.whenRoom())).toBe(true)
  })

  it('in memory is enough for all of a small file, where the store has no Blobs of it', async () => {
    const small = geometryOf(32, MIB)
    const store = new FaultyStore()
    store.keepsBlobs = false
    const { keeper } = keeperOn(store, small)
    await storeAll(keeper, small)
    store.reads = false
    const blob = await keeper.blob('text/plain')
    // Compared here, as a message about so many bytes takes all memory.
    expect(Buffer.from((await bytesOf(blob)) ?? []).equals(fileBytes(small))).toBe(true)
  })

  it('in memory is there for what is awaited, until it has been borrowed and given back', async () => {
    const store = new FaultyStore()
    let position = 0
    const { keeper } = keeperOn(store, geometry, { isAwaited: (chunk) => chunk >= position })
    await storeAll(keeper, geometryOf(30, MIB))
    const early = await keeper.borrow(3)
    early?.giveBack()
    position = 4
    const late = await keeper.borrow(3)
    expect(late?.bytes === early?.bytes).toBe(true)
    late?.giveBack()
    // It is read, from now on.
    const again = await keeper.get(3)
    expect(again?.byteLength).toBe(MIB)
    expect(again === early?.bytes).toBe(false)
  })

  it('in memory is not used up by what was served: old chunks leave the cache', async () => {
    const store = new FaultyStore()
    store.reads = false
    const { keeper } = keeperOn(store, geometry)
    await storeAll(keeper, geometry)
    const inMemory: number[] = []
    for (let chunk = 0; chunk < 64; chunk++) if ((await keeper.get(chunk)) !== null) inMemory.push(chunk)
    expect(inMemory.length).toBeLessThanOrEqual(16)
    expect(inMemory).toContain(63)
  })
})

describe('a store that fails', () => {
  it('to open is replaced by memory', async () => {
    const store = new FaultyStore()
    store.opens = false
    const kept = keeperOn(store)
    expect(await kept.keeper.whenOpen()).toEqual([])
    expect(kept.keeper.storage).toBe('memory')
    keepAll(kept.keeper)
    await settle()
    await expectWhole(kept)
  })

  it.each([1, 2, 3])(
    'to write its group number %i loses nothing: memory takes over',
    async (failsFromPut) => {
      const store = new FaultyStore()
      store.failsFromPut = failsFromPut
      const kept = keeperOn(store)
      for (let chunk = 0; chunk < GEOMETRY.chunkCount; chunk++) {
        kept.keeper.keep(chunk, chunkOf(GEOMETRY, chunk))
        await settle()
      }
      expect(kept.keeper.storage).toBe('memory')
      expect(kept.fallbacks).toHaveLength(1)
      expect(store.groups).toHaveLength(failsFromPut)
      await expectWhole(kept)
    },
  )

  it('while somebody waits for room does not keep him waiting for ever', async () => {
    const geometry = geometryOf(30, MIB)
    const store = new FaultyStore()
    store.failsFromPut = 1
    const gate = newGate()
    store.putGate = gate
    const { keeper } = keeperOn(store, geometry)
    for (let chunk = 0; chunk < 30; chunk++) keeper.keep(chunk, chunkOf(geometry, chunk))
    const room = keeper.whenRoom()
    gate.open()
    await room
  })

  it('to write and then to read has lost what it held, and says so', async () => {
    const geometry = geometryOf(24, MIB)
    const store = new FaultyStore()
    store.reads = false
    const { keeper, lost } = keeperOn(store, geometry)
    for (let chunk = 0; chunk < 20; chunk++) keeper.keep(chunk, chunkOf(geometry, chunk))
    await settle()
    store.failsFromPut = store.groups.length + 1
    for (let chunk = 20; chunk < 24; chunk++) keeper.keep(chunk, chunkOf(geometry, chunk))
    await settle()
    expect(keeper.storage).toBe('memory')
    expect(await keeper.blob('')).toBeNull()
    expect(lost).toEqual([0, 1, 2, 3])
  })

  it('to read has lost nothing that is still in memory', async () => {
    const store = new FaultyStore()
    store.keepsBlobs = false
    const kept = keeperOn(store)
    keepAll(kept.keeper)
    await settle()
    store.reads = false
    await expectWhole(kept)
  })

  it('to give Blobs from its disk is asked for what left memory at the end only, a group at a time', async () => {
    const geometry = geometryOf(40, MIB)
    const store = new FaultyStore()
    store.keepsBlobs = false
    const { keeper } = keeperOn(store, geometry)
    const asked = vi.spyOn(store, 'getBlobs')
    await storeAll(keeper, geometry)
    expect(asked).not.toHaveBeenCalled()
    const bytes = await bytesOf(await keeper.blob(''))
    expect(Buffer.compare(fileBytes(geometry), bytes ?? new Uint8Array(0))).toBe(0)
    expect(asked.mock.calls).toEqual([[[0, 1, 2, 3]], [[4, 5, 6, 7]]])
  })

  it('to read after it has stored keeps the file together by the Blobs that were taken at hand', async () => {
    const store = new FaultyStore()
    const kept = keeperOn(store)
    keepAll(kept.keeper)
    await settle()
    store.reads = false
    const blob = await kept.keeper.blob('')
    expect(blob?.size).toBe(GEOMETRY.sizeBytes)
    expect(kept.lost).toEqual([])
  })

  it('leaves no Blob at hand of a chunk that was given up', async () => {
    const kept = keeperOn(new FaultyStore())
    keepAll(kept.keeper)
    await settle()
    kept.keeper.forget(3)
    await settle()
    expect(await kept.keeper.blob('')).toBeNull()
    expect(kept.lost).toEqual([3])
  })

  it('for want of memory loses nothing that it was given', async () => {
    const kept = keeperOn(new MemoryStore({ maxBytes: 5000 }))
    for (let chunk = 0; chunk < GEOMETRY.chunkCount; chunk++) {
      kept.keeper.keep(chunk, chunkOf(GEOMETRY, chunk))
      await settle()
    }
    await expectWhole(kept)
  })

  it('and whose replacement is too small loses nothing, either', async () => {
    const store = new FaultyStore()
    store.failsFromPut = 2
    const kept = keeperOn(store, GEOMETRY, { fallbackBytes: 3000 })
    for (let chunk = 0; chunk < GEOMETRY.chunkCount; chunk++) {
      kept.keeper.keep(chunk, chunkOf(GEOMETRY, chunk))
      await settle()
    }
    await expectWhole(kept)
  })
})

describe('a slow read', () => {
  it('of a chunk that is replaced meanwhile does not bring the old bytes back', async () => {
    const before = [{ index: 3, bytes: chunkOf(GEOMETRY, 3, 1) }]
    const store = new FaultyStore('indexeddb', before)
    const { keeper } = keeperOn(store)
    await keeper.whenOpen()
    const gate = newGate()
    store.getGate = gate
    const read = keeper.get(3)
    await settle()
    keeper.forget(3)
    keeper.keep(3, chunkOf(GEOMETRY, 3))
    await settle()
    gate.open()
    await read
    expect(await keeper.get(3)).toEqual(chunkOf(GEOMETRY, 3))
  })
})
