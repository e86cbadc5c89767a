import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { IndexedDbStore } from '../../src/browser/indexeddb-store.ts'
import type { IndexedDbStoreOptions } from '../../src/browser/indexeddb-store.ts'
import type { StoreIdentity, StoredChunk } from '../../src/ports.ts'
import { makeSampleFile } from '../../testbed/sample-file.ts'
import { expectBytes } from '../contract/expect-bytes.ts'
import { chunk, someIdentity } from '../contract/store.suite.ts'
import {
  Connections,
  deleteEverything,
  holdUpgrade,
  openSmallBucket,
  rawDelete,
  rawReplaceValue,
  rawValues,
  selectiveFactory,
} from './raw-indexeddb.ts'

const VISITOR = 'test'
const DAY_MS = 24 * 60 * 60 * 1000

const created: IndexedDbStore[] = []

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

afterEach(async () => {
  vi.restoreAllMocks()
  for (const store of created.splice(0)) store.close()
  await deleteEverything()
})

describe('IndexedDbStore', () => {
  test('keeps chunks of large files as Blobs where the browser takes them', async () => {
    const identity = someLargeIdentity()
    const store = await openStore(identity)
    await store.put([chunk(1)])
    expect(await rawValues(databaseOf(identity))).toEqual([expect.any(Blob)])
    expect(store.keepsBlobs).toBe(true)
  })

  test('takes a file of 32 MiB for a small one', async () => {
    const small = { ...someIdentity(), sizeBytes: 32 * 1024 * 1024 }
    expect((await openStore(small)).keepsBlobs).toBe(false)
    expect((await openStore({ ...small, sizeBytes: small.sizeBytes + 1 })).keepsBlobs).toBe(true)
  })

  test('keeps chunks of small files as buffers, and reads what was a Blob', async () => {
    const identity = someIdentity()
    await (await openStore(identity, { keepBlobs: true })).put([chunk(1)])
    const store = await openStore(identity)
    expect(store.keepsBlobs).toBe(false)
    await store.put([chunk(2)])
    expect(await rawValues(databaseOf(identity))).toEqual([expect.any(Blob), expect.any(ArrayBuffer)])
    expectBytes(await store.get(1), chunk(1).bytes)
    expectBytes(await store.get(2), chunk(2).bytes)
    const blobs = await store.getBlobs([2, 1])
    for (const [place, index] of [2, 1].entries())
      expectBytes(
        new Uint8Array((await blobs[place]?.arrayBuffer()) ?? new ArrayBuffer(0)),
        chunk(index).bytes,
      )
  })

  test('leaves nothing but chunks in its database', async () => {
    const identity = someLargeIdentity()
    await openStore(identity)
    expect(await rawValues(databaseOf(identity))).toEqual([])
  })

  test('tells visitors apart', async () => {
    const identity = someIdentity()
    const one = await openStore(identity, { visitor: 'a' })
    await one.put([chunk(1)])
    expect(await createStore({ visitor: 'b' }).open(identity)).toEqual([])
    expect(await createStore({ visitor: 'a' }).open(identity)).toEqual([1])
  })

  test('goes on with a new connection when its own dies', async () => {
    const connections = new Connections()
    const store = await openStore(someIdentity(), { factory: connections.factory })
    await store.put([chunk(1)])
    connections.killAll()
    expectBytes(await store.get(1), chunk(1).bytes)
    connections.killAll()
    await store.put([chunk(2)])
    expectBytes(await store.get(2), chunk(2).bytes)
  })

  test('goes on, without its chunks, when another page deletes its database', async () => {
    const identity = someIdentity()
    const store = await openStore(identity)
    await store.put([chunk(1)])
    await rawDelete(databaseOf(identity))
    expect(await store.get(1)).toBeNull()
    await store.put([chunk(2)])
    expectBytes(await store.get(2), chunk(2).bytes)
  })

  test('lets go of all its connections when it is closed', async () => {
    const connections = new Connections()
    const store = await openStore(someIdentity(), { factory: connections.factory })
    await store.put([chunk(1)])
    store.close()
    await vi.waitFor(() => expect(connections.openCount()).toBe(0))
  })

  test('takes a chunk that it cannot make out for one it has not', async () => {
    const identity = someIdentity()
    const store = await openStore(identity)
    await store.put([chunk(1)])
    await rawReplaceValue(databaseOf(identity), { not: 'a chunk' })
    expect(await store.get(1)).toBeNull()
    expect(await store.getBlobs([1])).toEqual([null])
  })

  test('takes a chunk whose file cannot be read for one it has not', async () => {
    const store = await openStore(someLargeIdentity())
    await store.put([chunk(1)])
    vi.spyOn(Blob.prototype, 'arrayBuffer').mockRejectedValue(new DOMException('gone', 'NotReadableError'))
    expect(await store.get(1)).toBeNull()
  })

  test('does without its index', async () => {
    const factory = selectiveFactory((name) => name !== 'swarmfetch')
    const store = await openStore(someIdentity(), { factory: () => factory })
    await store.put([chunk(1)])
    expectBytes(await store.get(1), chunk(1).bytes)
  })

  test.each<[string, () => IDBFactory | undefined]>([
    ['there is no IndexedDB', () => undefined],
    [
      'the page may not use it',
      () => {
        throw new DOMException('denied', 'SecurityError')
      },
    ],
    ['it refuses to open', () => selectiveFactory(() => false)],
  ])('rejects as unavailable where %s', async (_what, factory) => {
    const store = createStore({ factory })
    await expect(store.open(someIdentity())).rejects.toMatchObject({
      name: 'StoreError',
      reason: 'unavailable',
    })
  })

  test('gives up opening after a while, and does not keep what opens later', async () => {
    const identity = someIdentity()
    const release = await holdUpgrade(databaseOf(identity))
    const connections = new Connections()
    const store = createStore({ factory: connections.factory, openTimeoutMs: 50 })
    await expect(store.open(identity)).rejects.toMatchObject({ reason: 'unavailable' })
    await release()
    await vi.waitFor(() => expect(connections.names()).toContain(databaseOf(identity)))
    await vi.waitFor(() => expect(connections.openCount()).toBe(0))
  })
})

describe('IndexedDbStore when the disk share is used up', () => {
  const large = { sizeBytes: 64e6, chunkBytes: 1e6 }
  let small: IDBFactory

  beforeEach(async () => {
    small = await openSmallBucket(8e6)
  })

  test('says so, and keeps what it has', async () => {
    const store = await openStore({ ...someIdentity(), ...large }, { factory: () => small })
    await store.put(megabytes(1))
    await expect(store.put(megabytes(16))).rejects.toMatchObject({ name: 'StoreError', reason: 'quota' })
    expectBytes(await store.get(0), makeSampleFile(1e6, 0))
    expect(await store.get(5)).toBeNull()
  })

  test('makes room by deleting what was used longest ago', async () => {
    const [oldest, old] = [someIdentity(), someIdentity()]
    for (const [identity, ageMs] of [[oldest, 2 * DAY_MS] as const, [old, DAY_MS] as const]) {
      const nowMs = (): number => Date.now() - ageMs
      const earlier = await openStore({ ...identity, ...large }, { factory: () => small, nowMs })
      await earlier.put(megabytes(3))
      earlier.close()
    }
    const store = await openStore({ ...someIdentity(), ...large }, { factory: () => small })
    await store.put(megabytes(3))
    expectBytes(await store.get(2), makeSampleFile(1e6, 2))
    expect(await createStore({ factory: () => small }).open({ ...oldest, ...large })).toEqual([])
  })
})

/** Of a file whose chunks are kept as Blobs. */
function someLargeIdentity(): StoreIdentity {
  return { ...someIdentity(), sizeBytes: 64e6 }
}

function databaseOf(identity: StoreIdentity): string {
  return `swarmfetch:${VISITOR}:${identity.locator.slice(0, 16)}`
}

function megabytes(count: number): StoredChunk[] {
  return Array.from({ length: count }, (_, index) => ({ index, bytes: makeSampleFile(1e6, index) }))
}
