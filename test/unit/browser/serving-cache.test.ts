import { describe, expect, it } from 'vitest'

import { ServingCache } from '../../../src/browser/serving-cache.ts'
import type { Bytes } from '../../../src/ports.ts'
import { MIB } from './keeper-setting.ts'

/** A cache of chunks of a MiB, of which those from `position` on are awaited. */
class Cached {
  position: number
  readonly evicted: (number | undefined)[] = []
  readonly cache: ServingCache
  private readonly chunks = new Map<Bytes, number>()

  constructor(position: number) {
    this.position = position
    this.cache = new ServingCache({
      isAwaited: (chunk) => chunk >= this.position,
      evicted: (bytes) => void this.evicted.push(this.chunks.get(bytes)),
    })
  }

  addAll(first: number, end: number): void {
    for (const chunk of range(first, end)) {
      const bytes = new Uint8Array(MIB)
      this.chunks.set(bytes, chunk)
      this.cache.add(chunk, bytes)
    }
  }

  get held(): number[] {
    return range(0, 100).filter((chunk) => this.cache.get(chunk) !== undefined)
  }
}

function range(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, offset) => first + offset)
}

describe('the chunks in memory', () => {
  it('are the latest 16 MiB, where nothing is awaited', () => {
    const cached = new Cached(Infinity)
    cached.addAll(0, 20)
    expect(cached.held).toEqual(range(4, 20))
    expect(cached.evicted).toEqual(range(0, 4))
  })

  it('are twice as many where all are awaited, and no more', () => {
    const cached = new Cached(0)
    cached.addAll(0, 40)
    expect(cached.held).toEqual(range(8, 40))
    expect(cached.evicted).toEqual(range(0, 8))
  })

  it('are, beside the latest, those that are awaited', () => {
    const cached = new Cached(3)
    cached.addAll(0, 20)
    expect(cached.held).toEqual(range(3, 20))
  })

  it('go when they were read, unless they are awaited still, or among the latest', () => {
    const cached = new Cached(0)
    cached.addAll(0, 20)
    cached.cache.noteRead(2)
    expect(cached.held).toEqual(range(0, 20))
    cached.position = 20
    cached.cache.noteRead(2)
    cached.cache.noteRead(10)
    expect(cached.held).toEqual([0, 1, ...range(3, 20)])
    expect(cached.evicted).toEqual([2])
  })

  it('count once, wherever they were before', () => {
    const cached = new Cached(0)
    cached.addAll(0, 20)
    // From among the awaited to the latest, again and again: the others stay.
    for (let times = 0; times < 40; times++) cached.addAll(0, 1)
    expect(cached.held).toEqual(range(0, 20))
    expect(cached.evicted).toEqual([])
    cached.cache.drop(0)
    cached.cache.drop(19)
    expect(cached.held).toEqual(range(1, 19))
    cached.addAll(20, 34)
    expect(cached.held).toEqual([...range(1, 19), ...range(20, 34)])
    cached.cache.clear()
    expect(cached.held).toEqual([])
  })
})
