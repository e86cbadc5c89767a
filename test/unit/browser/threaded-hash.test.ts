import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { ToHashThread } from '../../../src/browser/hash-thread-messages.ts'
import { beginThreadedHash } from '../../../src/browser/threaded-hash.ts'
import { type FileHash, HashLostError } from '../../../src/ports.ts'
import { settle } from './chunks.ts'

/** The page's end of a worker that says only what the test says. */
class Thread extends EventTarget {
  readonly heard: ToHashThread[] = []
  isOver = false
  onHearing: (message: ToHashThread) => void = () => {}

  postMessage(message: ToHashThread): void {
    this.onHearing(message)
    this.heard.push(message)
  }

  terminate(): void {
    this.isOver = true
  }

  say(data: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data }))
  }

  /** Gives the oldest buffers that it has back. */
  giveBack(count = 1): void {
    for (let given = 0; given < count; given++) {
      const place = this.heard.findIndex(({ type }) => type === 'update')
      const [message] = this.heard.splice(place, 1)
      if (message?.type === 'update') this.say({ type: 'updated', buffer: message.buffer })
    }
  }
}

let thread: Thread
let failures: number

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  thread = new Thread()
  failures = 0
})
afterEach(() => {
  vi.useRealTimers()
})

function begin(): Promise<FileHash | null> {
  return beginThreadedHash(
    () => thread as unknown as Worker,
    'sha256',
    () => void failures++,
  )
}

async function begun(): Promise<FileHash> {
  const hash = begin()
  thread.say({ type: 'begun' })
  const made = await hash
  if (made === null) throw new Error('It has not begun.')
  return made
}

/** What became of it by now. */
async function fateOf(promise: Promise<unknown>): Promise<'pending' | 'done' | 'lost' | 'failed'> {
  let fate: 'pending' | 'done' | 'lost' | 'failed' = 'pending'
  promise.then(
    () => (fate = 'done'),
    (error: unknown) => (fate = error instanceof HashLostError ? 'lost' : 'failed'),
  )
  await settle()
  return fate
}

describe('a hash in a thread', () => {
  it('is none where the thread does not begin within five seconds', async () => {
    const hash = begin()
    await vi.advanceTimersByTimeAsync(4999)
    expect(await fateOf(hash)).toBe('pending')
    await vi.advanceTimersByTimeAsync(1)
    expect(await hash).toBeNull()
    expect([failures > 0, thread.isOver]).toEqual([true, true])
  })

  it('is none where the thread says that it cannot', async () => {
    const hash = begin()
    thread.say({ type: 'failed' })
    expect(await hash).toBeNull()
    expect([failures > 0, thread.isOver]).toEqual([true, true])
  })

  it('has four buffers on their way, and uses each again', async () => {
    const hash = await begun()
    for (let part = 0; part < 3; part++) expect(await fateOf(hash.update(Uint8Array.of(part)))).toBe('done')
    const fourth = hash.update(Uint8Array.of(3))
    expect(await fateOf(fourth)).toBe('pending')
    thread.giveBack()
    expect(await fateOf(fourth)).toBe('done')
    const buffers = new Set<ArrayBuffer>()
    for (let part = 4; part < 20; part++) {
      const next = hash.update(Uint8Array.of(part))
      for (const message of thread.heard) if (message.type === 'update') buffers.add(message.buffer)
      thread.giveBack()
      await next
    }
    expect(buffers.size).toBeLessThanOrEqual(4)
  })

  it('does not squeeze more into a buffer than it holds, nor tells of more than was given', async () => {
    const hash = await begun()
    await hash.update(Uint8Array.of(1, 2))
    thread.giveBack()
    await hash.update(Uint8Array.of(3, 4, 5))
    thread.giveBack()
    await hash.update(Uint8Array.of(6))
    const [, update] = thread.heard
    expect(update?.type === 'update' && [...new Uint8Array(update.buffer, 0, update.lengthBytes)]).toEqual([
      6,
    ])
  })

  it.each(['error', 'messageerror'])(
    'is lost at the thread’s event %s, which is no error of the page',
    async (type) => {
      const hash = await begun()
      const digest = hash.digest()
      const event = new Event(type, { cancelable: true })
      thread.dispatchEvent(event)
      expect(await fateOf(digest)).toBe('lost')
      expect([event.defaultPrevented, failures, thread.isOver]).toEqual([true, 1, true])
      expect(await fateOf(hash.update(Uint8Array.of(1)))).toBe('lost')
    },
  )

  it('is lost where the thread says nothing for half a minute, though it has something to do', async () => {
    const hash = await begun()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(failures).toBe(0)
    const digest = hash.digest()
    const fate = fateOf(digest)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(await fate).toBe('lost')
    expect([failures, thread.isOver]).toEqual([1, true])
  })

  it('is lost where bytes cannot be handed over, as they would be missing', async () => {
    const hash = await begun()
    thread.onHearing = () => {
      throw new RangeError('No memory.')
    }
    expect(await fateOf(hash.update(Uint8Array.of(1)))).toBe('lost')
    expect([failures, thread.isOver]).toEqual([1, true])
  })

  it('lets whoever waits go when it is closed, which is no failure', async () => {
    const hash = await begun()
    const digest = hash.digest()
    hash.close()
    expect(await fateOf(digest)).toBe('lost')
    expect([failures, thread.isOver]).toEqual([0, true])
  })

  it.each([null, 7, 'begun', { type: 'hello' }, { type: 'updated' }, { type: 'digest', digest: [] }])(
    'does not care what somebody else says in its thread: %j',
    async (said) => {
      const hash = await begun()
      thread.say(said)
      const digest = hash.digest()
      thread.say(said)
      expect(await fateOf(digest)).toBe('pending')
      thread.say({ type: 'digest', digest: Uint8Array.of(9) })
      expect(await digest).toEqual(Uint8Array.of(9))
      expect([failures, thread.isOver]).toEqual([0, true])
    },
  )
})
