import { describe, expect, it } from 'vitest'

import { CHUNK_BYTES, fileOf, forgedDigest, genuineDigest, digestsOf, peer, range } from './shapes.ts'
import { claimOf, pick, sent, Visitor, type Output, type VisitorOptions } from './visitor.ts'

const CHUNKS = 40
const FILE = fileOf(CHUNKS)
/** Tags of the URL and of two mirrors. */
const TAGS = [11, 22, 33]
const DIGESTS = digestsOf(range(0, CHUNKS))

/** A lone visitor with mirrors; the URL has told the size. */
function visitorWith(origins: number, options: VisitorOptions = {}): Visitor {
  const visitor = new Visitor({ locator: null, origins: TAGS.slice(0, origins), ...options })
  visitor.start()
  visitor.pass(100)
  visitor.openRun(0, FILE.sizeBytes)
  return visitor
}

function runAt(visitor: Visitor, origin: number): Output<'fetch'> {
  const run = visitor.all('fetch').findLast((each) => each.origin === origin)
  if (run === undefined) throw new Error(`Nothing was asked of origin ${origin}.`)
  return run
}

function isOpen(visitor: Visitor, run: number): boolean {
  return !visitor.all('abort').some((abort) => abort.run === run)
}

interface Delivery {
  readonly untilMs?: number
  /** Told now and then how many responses each origin has open. */
  readonly look?: (open: readonly number[]) => void
}

/** All origins deliver at these speeds, in chunks a second, until the file is whole; returns chunks by origin. */
function deliver(
  visitor: Visitor,
  speeds: readonly number[],
  { untilMs = 120_000, look = () => {} }: Delivery = {},
): number[] {
  const brought = speeds.map(() => 0)
  const due = new Map<number, number>()
  const next = new Map<number, number>()
  for (; visitor.all('complete').length === 0 && visitor.nowMs < untilMs; visitor.pass(50)) {
    const ended = visitor.ended
    const open = visitor.all('fetch').filter(({ run }) => isOpen(visitor, run) && !ended.has(run))
    look(speeds.map((_, place) => open.filter(({ origin }) => origin === place).length))
    for (const { run, origin, firstChunk, firstByte, lastByte } of visitor.all('fetch')) {
      const speed = speeds[origin] ?? 0
      const end = lastByte === null ? CHUNKS : Math.ceil((lastByte + 1) / CHUNK_BYTES)
      if (!isOpen(visitor, run) || speed === 0) continue
      if (!due.has(run)) {
        visitor.openRun(run, lastByte === null ? FILE.sizeBytes : null)
        due.set(run, visitor.nowMs + 1000 / speed)
        next.set(run, firstChunk)
        expect(firstByte).toBe(firstChunk * CHUNK_BYTES)
      }
      while (isOpen(visitor, run) && (due.get(run) ?? 0) <= visitor.nowMs && (next.get(run) ?? 0) < end) {
        due.set(run, (due.get(run) ?? 0) + 1000 / speed)
        next.set(run, (next.get(run) ?? 0) + 1)
        brought[origin] = (brought[origin] ?? 0) + 1
        visitor.bring(run, 1)
        if (next.get(run) === end && isOpen(visitor, run)) visitor.endRun(run)
      }
    }
  }
  return brought
}

describe('a visitor with mirrors', () => {
  it('asks the URL itself for the size, then each mirror for a part of its own', () => {
    const visitor = visitorWith(3)
    const starts = visitor.all('fetch').map(({ origin, firstChunk }) => [origin, firstChunk])
    expect(starts).toEqual([
      [0, 0],
      [1, 13],
      [2, 27],
    ])
  })

  it('has the whole file, and of each origin as much as it is fast', () => {
    const visitor = visitorWith(3)
    const brought = deliver(visitor, [4, 2, 1])
    expect(visitor.kept).toEqual(range(0, CHUNKS))
    expect(visitor.nowMs).toBeLessThan(1.2 * (CHUNKS / 7) * 1000)
    const total = brought.reduce((sum, chunks) => sum + chunks, 0)
    expect(total).toBeLessThanOrEqual(CHUNKS + 2)
    for (const [origin, speed] of [4, 2, 1].entries())
      expect(brought[origin]).toBeGreaterThan(0.7 * (speed / 7) * CHUNKS)
  })

  it('asks for the next part while the last bytes of the present one come, of each origin no more than one ahead', () => {
    const visitor = visitorWith(2)
    const seen: number[] = []
    deliver(visitor, [8, 2], { look: (open) => seen.push(...open) })
    expect(visitor.kept).toEqual(range(0, CHUNKS))
    expect(Math.max(...seen)).toBe(2)
  })

  it('does without one that falls silent in the middle', () => {
    const visitor = visitorWith(2)
    deliver(visitor, [4, 4], { untilMs: 2000 })
    deliver(visitor, [4, 0])
    expect(visitor.kept).toEqual(range(0, CHUNKS))
    expect(visitor.nowMs).toBeLessThan(20_000)
  })

  it('races for the last chunk, and closes the slower answer', () => {
    const visitor = visitorWith(2)
    const slow = runAt(visitor, 1)
    deliver(visitor, [8, 0.1])
    expect(visitor.kept).toEqual(range(0, CHUNKS))
    expect(isOpen(visitor, slow.run)).toBe(false)
  })
})

describe('a mirror that cannot be used', () => {
  it('is left alone for a while where it does not answer, and the download goes on', () => {
    const visitor = visitorWith(2)
    visitor.failRun(runAt(visitor, 1).run, 'not-found')
    deliver(visitor, [8, 0])
    expect(visitor.kept).toEqual(range(0, CHUNKS))
    expect(visitor.all('failed')).toEqual([])
  })

  it('is dropped where its file has another length', () => {
    const visitor = visitorWith(2)
    const { run } = runAt(visitor, 1)
    visitor.openRun(run, FILE.sizeBytes + 1)
    expect(isOpen(visitor, run)).toBe(false)
    deliver(visitor, [8, 0])
    expect(visitor.kept).toEqual(range(0, CHUNKS))
    expect(visitor.all('fetch').filter(({ origin }) => origin === 1)).toHaveLength(1)
  })

  it('is dropped where it does not say how long its file is', () => {
    const visitor = visitorWith(3)
    for (const origin of [1, 2]) {
      const { run, lastByte } = runAt(visitor, origin)
      expect(lastByte).toBeNull()
      visitor.openRun(run, null)
      expect(isOpen(visitor, run)).toBe(false)
    }
    deliver(visitor, [8, 0, 0])
    expect(visitor.kept).toEqual(range(0, CHUNKS))
  })

  it('is dropped where it ignores ranges', () => {
    const visitor = visitorWith(2)
    const { run } = runAt(visitor, 1)
    visitor.openRun(run, FILE.sizeBytes, true)
    expect(isOpen(visitor, run)).toBe(false)
    deliver(visitor, [8, 0])
    expect(visitor.kept).toEqual(range(0, CHUNKS))
  })

  it('is dropped where a chunk of it has another hash, and another origin brings the chunk', () => {
    const visitor = visitorWith(2, {
      facts: FILE,
      verification: 'chunkDigests',
      chunkDigests: DIGESTS,
      digestOf: (chunk, source) => (source.kind === 'mirror' ? forgedDigest : genuineDigest)(chunk),
    })
    const { run } = runAt(visitor, 1)
    visitor.openRun(run, FILE.sizeBytes)
    visitor.bring(run, 1)
    expect(isOpen(visitor, run)).toBe(false)
    deliver(visitor, [8, 0])
    expect(visitor.kept).toEqual(range(0, CHUNKS))
    expect(visitor.all('failed')).toEqual([])
  })

  it('is asked no more where the whole file has another hash, and what it brought comes from the URL', () => {
    const visitor = visitorWith(2, { fileIsHashed: true })
    const [, mirrors = 0] = deliver(visitor, [4, 4])
    expect(mirrors).toBeGreaterThan(0)
    visitor.handle({ type: 'fileMismatched' })
    expect(visitor.kept.length).toBeLessThan(CHUNKS)
    const asked = visitor.all('fetch').length
    for (let round = 0; round < 20 && visitor.kept.length < CHUNKS; round++) {
      const { run, firstChunk, lastByte } = runAt(visitor, 0)
      visitor.openRun(run)
      visitor.bring(run, (lastByte === null ? CHUNKS : Math.ceil((lastByte + 1) / CHUNK_BYTES)) - firstChunk)
      if (isOpen(visitor, run)) visitor.endRun(run)
    }
    expect(visitor.kept).toEqual(range(0, CHUNKS))
    expect(
      visitor
        .all('fetch')
        .slice(asked)
        .every(({ origin }) => origin === 0),
    ).toBe(true)
  })
})

describe('a URL that cannot be used', () => {
  it('does not matter where a mirror delivers', () => {
    const visitor = new Visitor({ locator: null, origins: TAGS.slice(0, 2) })
    visitor.start()
    visitor.failRun(0, 'not-found')
    expect(runAt(visitor, 1).firstChunk).toBe(0)
    deliver(visitor, [0, 8])
    expect(visitor.kept).toEqual(range(0, CHUNKS))
    expect(visitor.all('failed')).toEqual([])
  })

  it('leaves nobody to turn to where the whole file of the only mirror has another hash', () => {
    const visitor = new Visitor({ locator: null, origins: TAGS.slice(0, 2), fileIsHashed: true })
    visitor.start()
    visitor.failRun(0, 'not-found')
    deliver(visitor, [0, 8])
    visitor.handle({ type: 'fileMismatched' })
    expect(visitor.all('failed')).toMatchObject([{ failure: 'integrity-mismatch' }])
  })

  it('leaves the last mirror to be tried where the file that several gave has another hash', () => {
    const visitor = new Visitor({ locator: null, origins: TAGS, fileIsHashed: true })
    visitor.start()
    visitor.failRun(0, 'not-found')
    deliver(visitor, [0, 8, 8])
    const asked = visitor.all('fetch').length
    visitor.handle({ type: 'fileMismatched' })
    expect(visitor.all('failed')).toEqual([])
    expect(visitor.kept).toEqual([])
    const later = visitor.all('fetch').slice(asked)
    // The URL is asked again, too, now and then.
    expect(later.map(({ origin }) => origin)).toContain(2)
    expect(later.map(({ origin }) => origin)).not.toContain(1)
  })

  it('is what the caller hears of where no mirror delivers either', () => {
    const visitor = new Visitor({ locator: null, origins: TAGS.slice(0, 2) })
    visitor.start()
    visitor.failRun(0, 'forbidden')
    visitor.failRun(runAt(visitor, 1).run, 'not-found')
    expect(visitor.all('failed')).toEqual([{ type: 'failed', failure: 'forbidden', status: null }])
  })
})

describe('claims to several origins', () => {
  it('name the origin that the seat is at', () => {
    const visitor = new Visitor({ origins: TAGS })
    visitor.start()
    visitor.welcome({ joinIndex: 0, swarmSize: 2, facts: FILE })
    const outputs = visitor.meet(peer(1), FILE)
    const claims = sent([...visitor.outputs, ...outputs], 'claim').map(({ message }) => message.origin)
    expect(new Set(claims)).toEqual(new Set(TAGS))
    expect(pick(visitor.outputs, 'fetch').map(({ origin }) => origin)).toEqual([0, 1, 2])
  })

  it('cover chunks whatever origin they come from, and take a seat at theirs alone', () => {
    const visitor = new Visitor({ origins: TAGS.slice(0, 2) })
    visitor.start()
    visitor.welcome({ joinIndex: 5, swarmSize: 1000, seats: 1, facts: FILE })
    visitor.meet(peer(1), FILE)
    // Both claims are of one peer, and the one with the lower sequence is heard last.
    visitor.hear(peer(1), { ...claimOf(peer(7), 9, 0, 20), origin: TAGS[0] ?? 0 })
    visitor.hear(peer(1), { ...claimOf(peer(7), 1, 20, 20), origin: 99 })
    const starts = visitor.all('fetch').length
    visitor.pass(3000)
    expect(visitor.all('fetch')).toHaveLength(starts)
  })
})
