/** Chunks that a thread of the page's writes, in a real one, with a real database. */

import { afterEach, expect, test } from 'vitest'

import { IndexedDbStore } from '../../src/browser/indexeddb-store.ts'
import { newInlineThread } from '../../src/browser/inline-thread.ts'
import type { NewThread } from '../../src/browser/thread.ts'
import type { StoredChunk, StoreIdentity } from '../../src/ports.ts'
import { makeSampleFile } from '../../testbed/sample-file.ts'
import { expectBytes } from '../contract/expect-bytes.ts'
import { someIdentity } from '../contract/store.suite.ts'
import { deleteEverything } from './raw-indexeddb.ts'

const MIB = 1024 * 1024
const CHUNKS_A_GROUP = 4
const IDENTITY: StoreIdentity = { ...someIdentity(), sizeBytes: 96 * MIB, chunkBytes: MIB }

const created: IndexedDbStore[] = []
/** What each thread was sent and said, in order, and when it ended. */
let threads: string[][] = []

const countedThread: NewThread = (name) => {
  const thread = newInlineThread(name)
  const events: string[] = []
  threads.push(events)
  thread.addEventListener('message', ({ data }) => events.push(data.type))
  const terminate = thread.terminate.bind(thread)
  thread.terminate = () => {
    events.push('ended')
    terminate()
  }
  return thread
}

async function openStore(newThread: NewThread = countedThread): Promise<IndexedDbStore> {
  const store = new IndexedDbStore({ visitor: 'threaded', newThread })
  created.push(store)
  await store.open(IDENTITY)
  return store
}

afterEach(async () => {
  for (const store of created.splice(0)) store.close()
  threads = []
  await deleteEverything()
})

function group(number: number): StoredChunk[] {
  return Array.from({ length: CHUNKS_A_GROUP }, (_, place) => {
    const index = number * CHUNKS_A_GROUP + place
    return { index, bytes: makeSampleFile(MIB, index) }
  })
}

/** Groups from this one on, until a thread has kept one of them. Returns the number of the next. */
async function putUntilThreaded(store: IndexedDbStore, from: number): Promise<number> {
  for (let number = from; ; number++) {
    await store.put(group(number))
    if (threads.flat().includes('kept')) return number + 1
    await new Promise((resolve) => setTimeout(resolve, 50))
    if (number > 20) throw new Error('No thread has kept anything.')
  }
}

async function expectGroups(store: IndexedDbStore, count: number): Promise<void> {
  for (const { index, bytes } of Array.from({ length: count }, (_, number) => group(number)).flat())
    expectBytes(await store.get(index), bytes)
}

test('a thread keeps what the page can read, and a later visit', async () => {
  const store = await openStore()
  const count = await putUntilThreaded(store, 0)
  await expectGroups(store, count)
  const [blob] = await store.getBlobs([0])
  expect(blob).toBeInstanceOf(Blob)
  store.close()
  expect(threads[0]?.at(-1)).toBe('ended')
  const later = await openStore()
  expect(later.keepsBlobs).toBe(true)
  await expectGroups(later, count)
})

test('what a thread kept stays when it ends, and when the next one does the work', async () => {
  const store = await openStore()
  const first = await putUntilThreaded(store, 0)
  store.rest()
  expect(threads[0]?.at(-1)).toBe('ended')
  threads = []
  const second = await putUntilThreaded(store, first)
  await expectGroups(store, second)
})

test('bytes given to a store with a thread are the caller’s again', async () => {
  const store = await openStore()
  const count = await putUntilThreaded(store, 0)
  const chunks = group(count)
  expect(store.givesBytesBack).toBe(true)
  await store.put(chunks)
  for (const { bytes } of chunks) bytes.fill(0)
  await expectGroups(store, count + 1)
})

test('a store is deleted though a thread has it open', async () => {
  const store = await openStore()
  await putUntilThreaded(store, 0)
  await store.delete()
  expect(threads[0]?.at(-1)).toBe('ended')
  const again = new IndexedDbStore({ visitor: 'threaded' })
  created.push(again)
  expect(await again.open(IDENTITY)).toEqual([])
})

test('another page may delete the store though a thread has it open', async () => {
  const store = await openStore()
  const count = await putUntilThreaded(store, 0)
  const other = new IndexedDbStore({ visitor: 'threaded' })
  await other.open(IDENTITY)
  await other.delete()
  // Whatever is kept from now on is there.
  await store.put(group(count))
  expectBytes(await store.get(count * CHUNKS_A_GROUP), makeSampleFile(MIB, count * CHUNKS_A_GROUP))
})

test('the page writes by itself where no thread loads, and leaves the bytes to the garbage collector', async () => {
  const store = await openStore(() => new Worker('data:text/javascript,%7B'))
  await store.put(group(0))
  await expect
    .poll(async () => {
      await store.put(group(1))
      return store.givesBytesBack
    })
    .toBe(false)
  await expectGroups(store, 2)
})

test('a short file needs no thread', async () => {
  const store = new IndexedDbStore({ visitor: 'threaded', newThread: countedThread })
  created.push(store)
  await store.open({ ...IDENTITY, sizeBytes: 64 * MIB - 1 })
  await store.put(group(0))
  await store.put(group(1))
  expect([threads.length, store.givesBytesBack]).toEqual([0, false])
})
