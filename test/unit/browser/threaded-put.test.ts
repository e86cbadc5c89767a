import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { ToStoreThread } from '../../../src/browser/store-thread-messages.ts'
import { type KeyedBytes, ThreadedPut } from '../../../src/browser/threaded-put.ts'
import { isSettled } from './chunks.ts'
import { MIB } from './keeper-setting.ts'

/** The page's end of a worker that says only what the test says. */
class Thread extends EventTarget {
  readonly heard: ToStoreThread[] = []
  isOver = false

  postMessage(message: ToStoreThread, transfer: ArrayBuffer[]): void {
    this.heard.push(structuredClone(message, { transfer }))
  }

  terminate(): void {
    this.isOver = true
  }

  say(data: unknown): void {
    if (!this.isOver) this.dispatchEvent(new MessageEvent('message', { data }))
  }

  /** All that it has heard is kept. */
  keepAll(): void {
    for (const { buffer } of this.heard.splice(0)) this.say({ type: 'kept', buffer })
  }
}

let threads: Thread[]
let putting: ThreadedPut

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  threads = []
  putting = new ThreadedPut(newThread, 'database')
})
afterEach(() => {
  vi.useRealTimers()
})

function newThread(): Worker {
  const thread = new Thread()
  threads.push(thread)
  return thread as unknown as Worker
}

function thread(number = 0): Thread {
  const found = threads[number]
  if (found === undefined) throw new Error('There is no such thread.')
  return found
}

function chunks(...lengths: number[]): KeyedBytes[] {
  return lengths.map((length, place) => ({ key: [place], bytes: new Uint8Array(length).fill(place + 1) }))
}

/** The first group makes it start a thread, which has begun now. */
async function begin(): Promise<void> {
  expect(await putting.put(chunks(10))).toBe(false)
  thread().say({ type: 'begun' })
}

function outOfMemory(): never {
  throw new RangeError('There is no memory.')
}

/** One group, kept by the thread. */
async function putOne(by: Thread, lengthBytes: number): Promise<boolean> {
  const put = putting.put(chunks(lengthBytes))
  by.keepAll()
  return put
}

describe('chunks for a thread to write', () => {
  it('are left to the page until the thread has begun', async () => {
    expect(await putting.put(chunks(10))).toBe(false)
    expect(await putting.put(chunks(10))).toBe(false)
    expect([threads.length, thread().heard.length]).toEqual([1, 0])
    thread().say({ type: 'begun' })
    expect(await putOne(thread(), 10)).toBe(true)
  })

  it('are packed into one buffer, and stay as they are in the page', async () => {
    await begin()
    const [first, second] = chunks(3, 2)
    const put = putting.put([first, second].filter((chunk) => chunk !== undefined))
    const [message] = thread().heard
    expect(message).toMatchObject({
      database: 'database',
      chunks: [
        { key: [0], offset: 0, length: 3 },
        { key: [1], offset: 3, length: 2 },
      ],
    })
    expect([...new Uint8Array(message?.buffer ?? new ArrayBuffer(0))]).toEqual([1, 1, 1, 2, 2])
    expect([first?.bytes.length, second?.bytes.length]).toEqual([3, 2])
    thread().keepAll()
    expect(await put).toBe(true)
  })

  it('are not kept before the thread says so', async () => {
    await begin()
    const put = putting.put(chunks(10))
    expect(await isSettled(put)).toBe(false)
    thread().say({ type: 'begun' })
    thread().say('nonsense')
    thread().say({ type: 'kept' })
    expect(await isSettled(put)).toBe(false)
    thread().keepAll()
    expect(await put).toBe(true)
  })

  it('go in the buffer that came back, where it is long enough', async () => {
    await begin()
    await putOne(thread(), 100)
    const shorter = putting.put(chunks(60))
    expect(thread().heard[0]?.buffer.byteLength).toBe(100)
    expect(thread().heard[0]?.chunks[0]?.length).toBe(60)
    thread().keepAll()
    await shorter
    const longer = putting.put(chunks(200))
    expect(thread().heard[0]?.buffer.byteLength).toBe(200)
    thread().keepAll()
    await longer
  })

  it('are left to the page while others are being written', async () => {
    await begin()
    const put = putting.put(chunks(10))
    expect(await putting.put(chunks(10))).toBe(false)
    thread().keepAll()
    expect(await put).toBe(true)
    expect(putting.isOfNoUse).toBe(false)
  })
})

describe('a thread that writes', () => {
  it('has written what the chunks are long, not what the buffer is', async () => {
    await begin()
    expect(await putOne(thread(), 5 * MIB)).toBe(true)
    for (let group = 0; group < 50; group++) expect(await putOne(thread(), 300_000)).toBe(true)
    expect(threads.length).toBe(1)
  })

  it('writes twice its share while the next does not begin, and is of no use then', async () => {
    await begin()
    for (let group = 0; group < 32; group++) expect(await putOne(thread(), 4 * MIB)).toBe(true)
    expect(await putting.put(chunks(10))).toBe(false)
    expect([threads.length, putting.isOfNoUse]).toEqual([2, true])
    expect(threads.every(({ isOver }) => isOver)).toBe(true)
  })

  it('may be told to rest while it writes: its chunks are left to the page, and another begins', async () => {
    await begin()
    const put = putting.put(chunks(10))
    putting.rest()
    expect(await put).toBe(false)
    expect(await putting.put(chunks(10))).toBe(false)
    thread(1).say({ type: 'begun' })
    expect(await putOne(thread(1), 10)).toBe(true)
  })

  it('has ten seconds for 4 MiB, and more for more', async () => {
    await begin()
    const put = putting.put(chunks(16 * MIB))
    vi.advanceTimersByTime(39_999)
    expect(await isSettled(put)).toBe(false)
    vi.advanceTimersByTime(1)
    expect(await put).toBe(false)
  })

  it('leaves its chunks to the page where there is no memory to hand them over', async () => {
    await begin()
    const group = chunks(10)
    vi.stubGlobal('ArrayBuffer', outOfMemory)
    const kept = await putting.put(group).finally(() => void vi.unstubAllGlobals())
    expect([kept, putting.isOfNoUse, thread().isOver]).toEqual([false, true, true])
  })

  it('is replaced after 64 MiB, by one that has begun', async () => {
    await begin()
    for (let group = 0; group < 16; group++) expect(await putOne(thread(), 4 * MIB)).toBe(true)
    expect(threads.length).toBe(1)
    // The next one is started, and not waited for.
    expect(await putOne(thread(), MIB)).toBe(true)
    expect(threads.length).toBe(2)
    expect(await putOne(thread(), MIB)).toBe(true)
    thread(1).say({ type: 'begun' })
    expect(await putOne(thread(1), MIB)).toBe(true)
    expect([threads.length, thread(0).isOver, thread(1).isOver]).toEqual([2, true, false])
  })

  it('ends when nothing is to be kept for a while, and another begins', async () => {
    await begin()
    await putOne(thread(), 10)
    putting.rest()
    expect(thread().isOver).toBe(true)
    expect(await putting.put(chunks(10))).toBe(false)
    thread(1).say({ type: 'begun' })
    expect(await putOne(thread(1), 10)).toBe(true)
    expect(putting.isOfNoUse).toBe(false)
  })

  it.each<[string, (thread: Thread) => void]>([
    ['says that it failed', (failing) => failing.say({ type: 'failed' })],
    ['breaks', (failing) => void failing.dispatchEvent(new Event('error'))],
    ['cannot be understood', (failing) => void failing.dispatchEvent(new Event('messageerror'))],
    ['says nothing for ten seconds', () => vi.advanceTimersByTime(10_000)],
    ['is closed', () => putting.close()],
  ])('and %s leaves its chunks to the page, and no other is started', async (_what, fail) => {
    await begin()
    const put = putting.put(chunks(10))
    fail(thread())
    expect(await put).toBe(false)
    expect([thread().isOver, putting.isOfNoUse]).toEqual([true, true])
    expect(await putting.put(chunks(10))).toBe(false)
    expect(threads.length).toBe(1)
  })

  it('and does not load leaves its chunks to the page, and no other is started', async () => {
    expect(await putting.put(chunks(10))).toBe(false)
    thread().dispatchEvent(new Event('error'))
    expect(await putting.put(chunks(10))).toBe(false)
    expect([threads.length, putting.isOfNoUse]).toEqual([1, true])
  })

  it('and may not be started leaves its chunks to the page', async () => {
    let tries = 0
    putting = new ThreadedPut(() => {
      tries++
      throw new DOMException('No.', 'SecurityError')
    }, 'database')
    expect(await putting.put(chunks(10))).toBe(false)
    expect(await putting.put(chunks(10))).toBe(false)
    expect([tries, putting.isOfNoUse]).toEqual([1, true])
  })

  it('and never begins is of no use once the page has written 64 MiB', async () => {
    for (let group = 0; group < 16; group++) {
      expect(putting.isOfNoUse).toBe(false)
      expect(await putting.put(chunks(4 * MIB))).toBe(false)
    }
    expect(putting.isOfNoUse).toBe(true)
  })
})
