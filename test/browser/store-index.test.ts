import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { IndexedDbStore } from '../../src/browser/indexeddb-store.ts'
import type { IndexedDbStoreOptions } from '../../src/browser/indexeddb-store.ts'
import { MAX_STORES, STORE_IN_USE_MS, STORE_LIFETIME_MS, StoreIndex } from '../../src/browser/store-index.ts'
import type { StoreEntry } from '../../src/browser/store-index.ts'
import type { StoreIdentity } from '../../src/ports.ts'
import { chunk, someIdentity } from '../contract/store.suite.ts'
import { deleteEverything } from './raw-indexeddb.ts'

const VISITOR = 'index-test'

const created: IndexedDbStore[] = []

describe('StoreIndex', () => {
  beforeEach(deleteEverything)
  afterEach(async () => {
    for (const store of created.splice(0)) store.close()
    await deleteEverything()
  })

  test('lists stores, the one used last first', async () => {
    const [one, other] = [someIdentity(), someIdentity()]
    await openStore(one, { nowMs: () => 1_000 })
    await openStore(other, { nowMs: () => 2_000 })
    expect(await listStores()).toMatchObject([
      { database: databaseOf(other), visitor: VISITOR, locator: other.locator, lastUsedAtMs: 2_000 },
      { database: databaseOf(one), sizeBytes: one.sizeBytes, lastUsedAtMs: 1_000 },
    ])
  })

  test('no longer lists what was deleted', async () => {
    const store = await openStore(someIdentity())
    await store.delete()
    expect(await listStores()).toEqual([])
  })

  test('notices use while a store is open, once an hour', async () => {
    let nowMs = 0
    const store = await openStore(someIdentity(), { nowMs: () => nowMs })
    nowMs = 59 * 60_000
    await store.put([chunk(1)])
    expect(await listStores()).toMatchObject([{ lastUsedAtMs: 0 }])
    nowMs = 60 * 60_000
    await store.put([chunk(2)])
    await vi.waitFor(async () => expect(await listStores()).toMatchObject([{ lastUsedAtMs: nowMs }]))
  })

  test('has stores deleted after a week, and not before, when another is opened', async () => {
    const [expired, recent] = [someIdentity(), someIdentity()]
    await keepOne(expired, 0)
    await keepOne(recent, 1)
    const later = await openStore(someIdentity(), { nowMs: () => STORE_LIFETIME_MS + 1 })
    await vi.waitFor(async () => expect(await listStores()).toHaveLength(2))
    later.close()
    expect(await createStore().open(recent)).toEqual([1])
    expect(await createStore().open(expired)).toEqual([])
  })

  test('deletes the oldest beyond its limit', async () => {
    const oldest = someIdentity()
    await keepOne(oldest, 0)
    const index = new StoreIndex({ nowMs: () => 1 })
    for (let number = 0; number < MAX_STORES; number++) {
      await index.touch({ database: `swarmfetch:x:${number}`, visitor: 'x', locator: '', sizeBytes: 1 })
    }
    await index.deleteUnused()
    const stores = await index.list()
    index.close()
    expect(stores).toHaveLength(MAX_STORES)
    expect(stores.every(({ visitor }) => visitor === 'x')).toBe(true)
    expect(await createStore().open(oldest)).toEqual([])
  })

  test('makes room by deleting the store used longest ago, and only that', async () => {
    const [oldest, old] = [someIdentity(), someIdentity()]
    await keepOne(old, 1)
    await keepOne(oldest, 0)
    const index = new StoreIndex({ nowMs: () => STORE_IN_USE_MS + 2 })
    expect(await index.deleteOldest()).toBe(true)
    index.close()
    expect(await listStores()).toMatchObject([{ database: databaseOf(old) }])
    expect(await createStore().open(old)).toEqual([1])
    expect(await createStore().open(oldest)).toEqual([])
  })

  test('makes no room by deleting what may be open in another page', async () => {
    const inUse = someIdentity()
    await keepOne(inUse, 0)
    const index = new StoreIndex({ nowMs: () => STORE_IN_USE_MS })
    expect(await index.deleteOldest()).toBe(false)
    index.close()
    expect(await createStore().open(inUse)).toEqual([1])
  })

  test('overlooks entries that it cannot make out', async () => {
    await openStore(someIdentity())
    const index = new StoreIndex()
    await index.touch({ database: 'swarmfetch:x:1', visitor: 'x', locator: '', sizeBytes: Number.NaN })
    await index.touch({ database: "somebody else's", visitor: 'x', locator: '', sizeBytes: 1 })
    index.close()
    expect(await listStores()).toHaveLength(1)
  })
})

function createStore(options: IndexedDbStoreOptions = {}): IndexedDbStore {
  const store = new IndexedDbStore({ visitor: VISITOR, ...options })
  created.push(store)
  return store
}

async function openStore(
  identity: StoreIdentity,
  options: IndexedDbStoreOptions = {},
): Promise<IndexedDbStore> {
  const store = createStore(options)
  await store.open(identity)
  return store
}

async function keepOne(identity: StoreIdentity, atMs: number): Promise<void> {
  const store = await openStore(identity, { nowMs: () => atMs })
  await store.put([chunk(1)])
  store.close()
}

async function listStores(): Promise<StoreEntry[]> {
  const index = new StoreIndex()
  try {
    return await index.list()
  } finally {
    index.close()
  }
}

function databaseOf(identity: StoreIdentity): string {
  return `swarmfetch:${VISITOR}:${identity.locator.slice(0, 16)}`
}
