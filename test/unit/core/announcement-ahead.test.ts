import { describe, expect, it } from 'vitest'

import type { ChunkRun } from '../../../src/core/types.ts'
import { CHUNK_BYTES, fileOf, peer, range } from './shapes.ts'
import { claimOf, SELF, sent, Visitor } from './visitor.ts'

const CHUNKS = 100
const FACTS = fileOf(CHUNKS)
const [ANNA, OTHER, THIRD] = [peer(1), peer(9), peer(8)]
/** Of our run a chunk comes every so many ms. */
const CHUNK_MS = 300
/** Its claims have to go one hop beyond its neighbours. */
const LISTENING_MS = 500
const NEIGHBOURS = 5

/**
 * Late in a crowd, beside Anna, who has 40 of 100 chunks, and another who holds a seat, too: a run is under way, of which so
 * many chunks have come. Its timers ring so late.
 */
class Fetcher {
  readonly visitor = new Visitor()
  readonly run: number
  /** What its run is to bring. */
  readonly first: ChunkRun
  private readonly lateMs: number
  private claims = 0

  constructor(lateMs: number, swarm = 12) {
    this.lateMs = lateMs
    const { visitor } = this
    visitor.start()
    visitor.welcome({ joinIndex: swarm - 1, swarmSize: swarm, facts: FACTS })
    visitor.meet(ANNA, FACTS)
    for (const other of range(0, NEIGHBOURS - 1)) visitor.meet(peer(100 + other), FACTS)
    visitor.hearHave(ANNA, range(0, 40))
    let deliveredAtMs = 0
    while (visitor.all('fetch').length === 0) {
      if (visitor.nowMs > 600_000) throw new Error('It won no seat.')
      this.ring()
      if (visitor.nowMs - deliveredAtMs > 2000) {
        deliveredAtMs = visitor.nowMs
        visitor.deliver(ANNA)
      }
    }
    const { run, firstChunk: start, lastByte } = visitor.latestRun
    this.run = run
    this.first = { start, count: lastByte === null ? CHUNKS - start : (lastByte + 1) / CHUNK_BYTES - start }
    visitor.openRun(this.run, FACTS.sizeBytes)
  }

  /** The next timer rings; the other renews its claim, to what is brought already. */
  ring(): void {
    this.visitor.ring(this.lateMs)
    // The origins give little, and to nobody any more once the coin is tossed.
    if (this.visitor.nowMs < 4000 || this.visitor.all('fetch').length > 0)
      this.visitor.hear(ANNA, { ...claimOf(OTHER, ++this.claims, 0, 1, 2), goodputBytesPerSec: 1000 })
  }

  /** So many chunks of the run come, one after the other. */
  bring(chunks: number): void {
    for (const _ of range(0, chunks)) {
      this.passLate(CHUNK_MS)
      this.visitor.bring(this.run, 1)
    }
  }

  /** So much time passes, and timers ring late. */
  passLate(ms: number): void {
    const { visitor } = this
    const untilMs = visitor.nowMs + ms
    while ((visitor.session.nextDeadlineMs() ?? Infinity) + this.lateMs <= untilMs) this.ring()
    visitor.nowMs = Math.max(visitor.nowMs, untilMs)
  }

  bringUntilAnnounced(): void {
    for (let brought = 0; this.announced === undefined; brought++) {
      if (brought === this.first.count - 1) throw new Error('The next run was not announced.')
      this.bring(1)
    }
  }

  /** At once. */
  bringRest(): void {
    const { visitor, first } = this
    visitor.bring(
      this.run,
      first.count - visitor.kept.filter((chunk) => chunk >= first.start && chunk < endOf(first)).length,
    )
  }

  end(): void {
    this.visitor.endRun(this.run)
  }

  /** What it says of the run after this one; undefined: nothing yet. */
  get announced(): ChunkRun | undefined {
    return claimsOf(this.visitor)
      .at(-1)
      ?.find(({ start }) => start < this.first.start || start >= endOf(this.first))
  }

  get fetched(): number[] {
    return this.visitor.all('fetch').map(({ firstChunk }) => firstChunk)
  }
}

function claimsOf(visitor: Visitor): (readonly ChunkRun[])[] {
  return sent(visitor.outputs, 'claim')
    .filter(({ message }) => message.peer === SELF)
    .map(({ message }) => message.runs)
}

function endOf({ start, count }: ChunkRun): number {
  return start + count
}

describe('the run after the one under way, beside another who holds a seat', () => {
  it('is announced before that has ended, and asked for as soon as it has', () => {
    const fetcher = new Fetcher(50)
    fetcher.bring(fetcher.first.count - 1)
    const next = fetcher.announced
    expect(next).toBeDefined()
    expect(fetcher.fetched).toEqual([fetcher.first.start])
    fetcher.bring(1)
    fetcher.end()
    expect(fetcher.fetched).toEqual([fetcher.first.start, next?.start])
  })

  it('is claimed beside what is left of that', () => {
    const fetcher = new Fetcher(50)
    fetcher.bringUntilAnnounced()
    const [left, next, ...others] = claimsOf(fetcher.visitor).at(-1) ?? []
    const { first } = fetcher
    expect(left?.start).toBeGreaterThan(first.start)
    expect(left === undefined ? 0 : endOf(left)).toBe(endOf(first))
    expect(next === undefined || (next.start < endOf(first) && endOf(next) > first.start)).toBe(false)
    expect(others).toEqual([])
  })

  it('is not asked for before others have been listened to for long enough', () => {
    const fetcher = new Fetcher(50)
    fetcher.bringUntilAnnounced()
    fetcher.bringRest()
    fetcher.end()
    fetcher.passLate(LISTENING_MS - CHUNK_MS)
    expect(fetcher.fetched).toHaveLength(1)
    fetcher.passLate(CHUNK_MS + 100)
    expect(fetcher.fetched).toHaveLength(2)
  })

  it.each([
    ['while others are listened to', 100],
    ['later', LISTENING_MS + 200],
  ])('is another one, or none yet, where somebody else claims it %s', (_, afterMs) => {
    const fetcher = new Fetcher(50)
    fetcher.bringUntilAnnounced()
    const given = fetcher.announced ?? fetcher.first
    fetcher.passLate(afterMs)
    const third = claimOf(THIRD, 1, given.start, given.count, 2)
    fetcher.visitor.hear(ANNA, { ...third, goodputBytesPerSec: 1000 })
    fetcher.passLate(LISTENING_MS)
    fetcher.bring(1)
    fetcher.passLate(2500)
    expect(fetcher.announced?.start).not.toBe(given.start)
    fetcher.bringRest()
    fetcher.end()
    fetcher.passLate(2 * LISTENING_MS)
    expect(fetcher.fetched).toHaveLength(2)
    expect(fetcher.fetched[1]).not.toBe(given.start)
  })

  it('is not kept from others for longer, where that stands still', () => {
    const fetcher = new Fetcher(50)
    fetcher.bringUntilAnnounced()
    fetcher.passLate(6000)
    expect(fetcher.announced).toBeUndefined()
    expect(claimsOf(fetcher.visitor).at(-1)).toHaveLength(1)
  })

  it('gives way to what an in-order reader waits for', () => {
    const fetcher = new Fetcher(50)
    fetcher.bringUntilAnnounced()
    const wanted = fetcher.announced?.start === 60 ? 50 : 60
    fetcher.visitor.handle({ type: 'reading', chunk: wanted })
    fetcher.bringRest()
    fetcher.end()
    expect(fetcher.fetched).toEqual([fetcher.first.start, wanted])
  })

  it('is not announced where claims have far to go', () => {
    const fetcher = new Fetcher(50, 100)
    fetcher.bring(fetcher.first.count - 1)
    expect(fetcher.announced).toBeUndefined()
  })

  it('is given up with the seat, where that fails', () => {
    const fetcher = new Fetcher(50)
    fetcher.bringUntilAnnounced()
    fetcher.visitor.failRun(fetcher.run, 'busy', 60_000)
    fetcher.passLate(LISTENING_MS + 100)
    expect(fetcher.fetched).toHaveLength(1)
    expect(claimsOf(fetcher.visitor).at(-1)).toEqual([])
  })

  it('is asked for unannounced on an idle processor', () => {
    const fetcher = new Fetcher(0)
    fetcher.bring(fetcher.first.count - 1)
    expect(fetcher.announced).toBeUndefined()
    fetcher.bring(1)
    fetcher.end()
    expect(fetcher.fetched).toHaveLength(2)
  })
})
