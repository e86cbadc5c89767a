import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { chunkOf, geometryOf, newGate, settle } from './chunks.ts'
import { expectWhole, GEOMETRY, keepAll, keeperOn, MIB } from './keeper-setting.ts'
import { FaultyStore } from './stores.ts'

const GATHER_MS = 300
const GATHERING = { gatherMs: GATHER_MS }

async function pass(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms)
  await settle()
}

describe('what comes slowly', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  it('is gathered, and can be read meanwhile', async () => {
    const store = new FaultyStore()
    const kept = keeperOn(store, GEOMETRY, GATHERING)
    keepAll(kept.keeper)
    await pass(GATHER_MS - 1)
    expect(store.groups).toEqual([])
    await expectWhole(kept)
    await pass(1)
    expect(store.groups).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]])
    kept.keeper.keep(3, chunkOf(GEOMETRY, 3))
    await pass(GATHER_MS - 1)
    expect(store.groups).toHaveLength(1)
    await pass(1)
    expect(store.groups).toHaveLength(2)
  })

  it('is stored at once when it makes a group', async () => {
    const geometry = geometryOf(20, MIB)
    const store = new FaultyStore()
    const { keeper } = keeperOn(store, geometry, GATHERING)
    for (let chunk = 0; chunk < 6; chunk++) keeper.keep(chunk, chunkOf(geometry, chunk))
    await settle()
    expect(store.groups).toEqual([[0, 1, 2, 3]])
    await pass(GATHER_MS)
    expect(store.groups).toEqual([
      [0, 1, 2, 3],
      [4, 5],
    ])
  })

  it('waits no longer because others are given up meanwhile, and these do not wait', async () => {
    const before = [3, 4].map((index) => ({ index, bytes: chunkOf(GEOMETRY, index) }))
    const store = new FaultyStore('indexeddb', before)
    const { keeper } = keeperOn(store, GEOMETRY, GATHERING)
    await settle()
    keeper.keep(0, chunkOf(GEOMETRY, 0))
    for (const chunk of [3, 4]) {
      await pass(GATHER_MS / 2 - 1)
      keeper.forget(chunk)
      await settle()
      expect(await store.get(chunk)).toBeNull()
    }
    await pass(2)
    expect(store.groups).toEqual([[0]])
  })

  it.each(['flush', 'close'] as const)('is stored at once when the end is near (%s)', async (end) => {
    const store = new FaultyStore()
    const gate = newGate()
    store.putGate = gate
    const { keeper } = keeperOn(store, GEOMETRY, GATHERING)
    keeper.keep(0, chunkOf(GEOMETRY, 0))
    await pass(GATHER_MS)
    keeper.keep(1, chunkOf(GEOMETRY, 1))
    const ended = keeper[end]()
    gate.open()
    await ended
    await settle()
    expect(store.groups).toEqual([[0], [1]])
  })

  it('is gathered while other chunks are written, too', async () => {
    const store = new FaultyStore()
    const { keeper } = keeperOn(store, GEOMETRY, GATHERING)
    await keeper.whenOpen()
    for (let chunk = 0; chunk < 4; chunk += 2) {
      const gate = newGate()
      store.putGate = gate
      keeper.keep(chunk, chunkOf(GEOMETRY, chunk))
      await pass(GATHER_MS)
      keeper.keep(chunk + 1, chunkOf(GEOMETRY, chunk + 1))
      gate.open()
      await settle()
    }
    // Each write but the first takes along what came while the one before it was under way.
    expect(store.groups).toEqual([[0], [1, 2]])
  })

  it('is stored before the store is told to rest, however many groups there are', async () => {
    const geometry = geometryOf(10, MIB)
    const store = new FaultyStore()
    const { keeper } = keeperOn(store, geometry, GATHERING)
    await keeper.whenOpen()
    const gate = newGate()
    store.putGate = gate
    for (let chunk = 0; chunk < 10; chunk++) keeper.keep(chunk, chunkOf(geometry, chunk))
    await settle()
    keeper.flush()
    await settle()
    expect(store.rests).toBe(0)
    gate.open()
    await settle()
    expect(store.groups.map(({ length }) => length)).toEqual([4, 4, 2])
    expect(store.rests).toBe(1)
    await pass(GATHER_MS)
    expect(store.groups).toHaveLength(3)
  })

  it('is gathered again after a flush', async () => {
    const store = new FaultyStore()
    const { keeper } = keeperOn(store, GEOMETRY, GATHERING)
    keeper.keep(0, chunkOf(GEOMETRY, 0))
    keeper.flush()
    await settle()
    keeper.keep(1, chunkOf(GEOMETRY, 1))
    await settle()
    expect(store.groups).toEqual([[0]])
  })

  it('goes into memory where the store fails', async () => {
    const store = new FaultyStore()
    store.failsFromPut = 1
    const kept = keeperOn(store, GEOMETRY, GATHERING)
    keepAll(kept.keeper)
    await pass(GATHER_MS)
    expect(kept.keeper.storage).toBe('memory')
    expect(store.rests).toBe(1)
    expect(await kept.fallbacks[0]?.get(9)).toEqual(chunkOf(GEOMETRY, 9))
    await expectWhole(kept)
  })

  it('is not waited for after a deletion', async () => {
    const store = new FaultyStore()
    const { keeper } = keeperOn(store, GEOMETRY, GATHERING)
    keeper.keep(0, chunkOf(GEOMETRY, 0))
    expect(vi.getTimerCount()).toBe(1)
    await keeper.delete()
    expect(vi.getTimerCount()).toBe(0)
    expect(store.groups).toEqual([])
  })
})
