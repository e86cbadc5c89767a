/**
 * What every `ChunkStore` does, in memory or on a disk.
 */

import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'

import { StoreError } from '../../src/ports.ts'
import type { Bytes, ChunkStore, StoreIdentity } from '../../src/ports.ts'
import { makeSampleFile } from '../../testbed/sample-file.ts'
import { expectBytes } from './expect-bytes.ts'

export interface StoreSuiteOptions {
  /** A new store. */
  createStore(): ChunkStore
  /** Whether another store made by `createStore` finds what one kept. */
  readonly isPersistent: boolean
}

const CHUNK_BYTES = 64 * 1024
const CHUNK_COUNT = 12

export function storeContract(name: string, options: StoreSuiteOptions): void {
  const created: ChunkStore[] = []

  function createStore(): ChunkStore {
    const store = options.createStore()
    created.push(store)
    return store
  }

  async function openStore(identity: StoreIdentity = someIdentity()): Promise<ChunkStore> {
    const store = createStore()
    await store.open(identity)
    return store
  }

  afterEach(async () => {
    for (const store of created.splice(0)) await store.delete().catch(() => undefined)
  })

  describe(name, () => {
    test('starts empty', async () => {
      const store = createStore()
      expect(await store.open(someIdentity())).toEqual([])
      expect(await store.get(0)).toBeNull()
      expect(await store.getBlobs([0, 1])).toEqual([null, null])
    })

    test('gives back what it was given, byte for byte', async () => {
      const store = await openStore()
      await store.put([chunk(0), chunk(3)])
      await store.put([{ index: CHUNK_COUNT - 1, bytes: makeSampleFile(17, 9) }])
      expectBytes(await store.get(0), chunk(0).bytes)
      expectBytes(await store.get(3), chunk(3).bytes)
      expectBytes(await store.get(CHUNK_COUNT - 1), makeSampleFile(17, 9))
      expect(await store.get(1)).toBeNull()
    })

    test('keeps just the part of a buffer that it was given', async () => {
      const store = await openStore()
      const whole = makeSampleFile(3 * CHUNK_BYTES, 5)
      await store.put([{ index: 1, bytes: whole.subarray(CHUNK_BYTES, 2 * CHUNK_BYTES) }])
      expectBytes(await store.get(1), whole.slice(CHUNK_BYTES, 2 * CHUNK_BYTES))
      const [blob] = await store.getBlobs([1])
      expect(blob?.size).toBe(CHUNK_BYTES)
    })

    test('gives chunks as Blobs in the order asked for, and null for what it has not', async () => {
      const store = await openStore()
      await store.put([chunk(1), chunk(2), chunk(3)])
      const blobs = await store.getBlobs([3, 7, 1])
      expectBytes(await bytesOf(blobs[0]), chunk(3).bytes)
      expect(blobs[1]).toBeNull()
      expectBytes(await bytesOf(blobs[2]), chunk(1).bytes)
    })

    test('replaces a chunk that it is given again', async () => {
      const store = await openStore()
      await store.put([chunk(2)])
      await store.put([{ index: 2, bytes: chunk(5).bytes }])
      expectBytes(await store.get(2), chunk(5).bytes)
    })

    test('forgets what it is told to, and minds no chunk that it never had', async () => {
      const store = await openStore()
      await store.put([chunk(1), chunk(2)])
      await store.remove([2, 9])
      expectBytes(await store.get(1), chunk(1).bytes)
      expect(await store.get(2)).toBeNull()
      expect(await store.getBlobs([2])).toEqual([null])
    })

    test('minds no empty list', async () => {
      const store = await openStore()
      await store.put([])
      await store.remove([])
      expect(await store.getBlobs([])).toEqual([])
    })

    test('keeps Blobs readable that it gave away before it was deleted', async () => {
      const store = await openStore()
      await store.put([chunk(1), chunk(2)])
      const whole = new Blob((await store.getBlobs([1, 2])).filter((blob) => blob !== null))
      await store.delete()
      const bytes = await bytesOf(whole)
      expectBytes(bytes?.subarray(0, CHUNK_BYTES), chunk(1).bytes)
      expectBytes(bytes?.subarray(CHUNK_BYTES), chunk(2).bytes)
    })

    test('is empty again after it was deleted', async () => {
      const identity = someIdentity()
      const store = await openStore(identity)
      await store.put([chunk(1)])
      await store.delete()
      expect(await createStore().open(identity)).toEqual([])
    })

    test('takes many calls at once', async () => {
      const store = await openStore()
      const indices = Array.from({ length: CHUNK_COUNT }, (_, index) => index)
      await Promise.all(indices.map((index) => store.put([chunk(index)])))
      const kept = await Promise.all(indices.map((index) => store.get(index)))
      for (const index of indices) expectBytes(kept[index], chunk(index).bytes)
    })

    test('behaves like a map, whatever is asked in which order', async () => {
      const index = fc.nat({ max: 4 })
      const operation = fc.oneof(
        fc.record({ type: fc.constant('put' as const), index, seed: fc.nat({ max: 99 }) }),
        fc.record({ type: fc.constant('remove' as const), index }),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 12 }), async (operations) => {
          const store = await openStore()
          const model = new Map<number, Bytes>()
          for (const operation of operations) {
            if (operation.type === 'put') {
              const bytes = makeSampleFile(100 + operation.seed, operation.seed)
              await store.put([{ index: operation.index, bytes }])
              model.set(operation.index, bytes)
            } else {
              await store.remove([operation.index])
              model.delete(operation.index)
            }
          }
          for (let at = 0; at <= 4; at++) expect(await store.get(at)).toEqual(model.get(at) ?? null)
          await store.delete()
        }),
        { numRuns: 15 },
      )
    })

    describe('rejects every call with StoreError', () => {
      test('before it is opened', async () => {
        await expectUnavailable(createStore())
      })

      test('after it was closed', async () => {
        const store = await openStore()
        store.close()
        await expectUnavailable(store)
      })

      test('after it was deleted', async () => {
        const store = await openStore()
        await store.delete()
        await expectUnavailable(store)
      })
    })

    test('can be closed more than once, or unopened', async () => {
      const store = createStore()
      store.close()
      await store.open(someIdentity())
      store.close()
      store.close()
    })

    test('can be opened again for another file', async () => {
      const store = await openStore()
      await store.put([chunk(1)])
      expect(await store.open(someIdentity())).toEqual([])
      expect(await store.get(1)).toBeNull()
    })

    if (options.isPersistent) persistenceContract(createStore)
  })
}

function persistenceContract(createStore: () => ChunkStore): void {
  /** Opens a store, keeps these chunks and leaves. */
  async function keep(identity: StoreIdentity, indices: readonly number[]): Promise<void> {
    const store = createStore()
    await store.open(identity)
    await store.put(indices.map(chunk))
    store.close()
  }

  describe('on a later visit', () => {
    test('says which chunks it kept, ascending', async () => {
      const identity = someIdentity()
      await keep(identity, [11, 2, 10])
      const store = createStore()
      expect(await store.open(identity)).toEqual([2, 10, 11])
      expectBytes(await store.get(10), chunk(10).bytes)
    })

    test('does not bring back what was removed', async () => {
      const identity = someIdentity()
      await keep(identity, [1, 2, 3])
      const store = createStore()
      await store.open(identity)
      await store.remove([2])
      store.close()
      expect(await createStore().open(identity)).toEqual([1, 3])
    })

    test.each<[string, Partial<StoreIdentity>]>([
      ['size', { sizeBytes: (CHUNK_COUNT + 1) * CHUNK_BYTES }],
      ['chunk size', { chunkBytes: 2 * CHUNK_BYTES }],
      ['validator', { validator: '"another"' }],
      ['validator, now unknown', { validator: null }],
    ])('deletes the chunks of a file of another %s', async (_what, change) => {
      const identity = someIdentity()
      await keep(identity, [1, 2])
      const store = createStore()
      expect(await store.open({ ...identity, ...change })).toEqual([])
      expect(await store.get(1)).toBeNull()
      store.close()
      expect(await createStore().open(identity)).toEqual([])
    })

    test('does not mix in what a page still writes for another version of the file', async () => {
      const older = someIdentity()
      const newer = { ...older, validator: '"newer"' }
      const lagging = createStore()
      await lagging.open(older)
      const store = createStore()
      await store.open(newer)
      await lagging.put([chunk(1)])
      await store.put([chunk(2)])
      expect(await store.get(1)).toBeNull()
      expect(await createStore().open(newer)).toEqual([2])
    })

    test('tells files apart, even where their locators begin alike', async () => {
      const identity = someIdentity()
      const locator = `${identity.locator.slice(0, 63)}${identity.locator.endsWith('0') ? '1' : '0'}`
      await keep(identity, [1])
      expect(await createStore().open({ ...someIdentity(), locator })).toEqual([])
    })
  })
}

async function expectUnavailable(store: ChunkStore): Promise<void> {
  const calls = [store.put([chunk(1)]), store.get(1), store.getBlobs([1]), store.remove([1]), store.delete()]
  for (const outcome of await Promise.allSettled(calls)) {
    const reason: unknown = outcome.status === 'rejected' ? outcome.reason : null
    expect(reason).toBeInstanceOf(StoreError)
    expect(reason).toMatchObject({ reason: 'unavailable' })
  }
}

/** Of a file that no other test knows. */
export function someIdentity(): StoreIdentity {
  const random = crypto.getRandomValues(new Uint8Array(32))
  const locator = Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return { locator, sizeBytes: CHUNK_COUNT * CHUNK_BYTES, chunkBytes: CHUNK_BYTES, validator: '"one"' }
}

/** Full of bytes that no other chunk has. */
export function chunk(index: number): { index: number; bytes: Bytes } {
  return { index, bytes: makeSampleFile(CHUNK_BYTES, 1_000 + index) }
}

async function bytesOf(blob: Blob | null | undefined): Promise<Bytes | null> {
  return blob ? new Uint8Array(await blob.arrayBuffer()) : null
}
