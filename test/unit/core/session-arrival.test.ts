import { describe, expect, it } from 'vitest'

import { CHUNK_BYTES, fileOf, peer, range } from './shapes.ts'
import { claimOf, LOCATOR, pick, sent, started, Visitor } from './visitor.ts'

const CHUNKS = 64
/** Her id sorts before ours. */
const ANNA = peer(0x100)
const FACTS = fileOf(CHUNKS)
const WHOLE_FILE = { firstByte: 0, lastByte: null, firstChunk: 0 }

/** It has begun as if alone, is told its place, and has fetched so many chunks when it has had its second for it. */
function late(joinIndex: number, brought: number): Visitor {
  const visitor = started()
  visitor.passUntil(300)
  visitor.openRun(0, FACTS.sizeBytes)
  visitor.welcome({ joinIndex, swarmSize: 45 })
  visitor.pass(999)
  expect(visitor.all('abort')).toEqual([])
  visitor.bring(0, brought)
  visitor.pass(1)
  return visitor
}

/** It has begun as if alone, fetched so many chunks, and was told its place in a crowd after that: how many runs it left. */
function abortsAfter(chunks: number): number {
  const visitor = started()
  visitor.passUntil(300)
  visitor.openRun(0, FACTS.sizeBytes)
  visitor.bring(0, chunks)
  visitor.passUntil(700)
  visitor.welcome({ joinIndex: 44, swarmSize: 45 })
  visitor.passUntil(1300)
  return visitor.all('abort').length
}

describe('a visitor who arrives', () => {
  it('joins by the locator, with what it knows, and asks the origin for nothing yet', () => {
    expect(new Visitor().start()).toEqual([
      { type: 'topology', message: { type: 'join', version: 1, locator: LOCATOR, facts: null } },
      { type: 'preconnect', origin: 0 },
    ])
    const informed = new Visitor({ facts: FACTS })
    expect(pick(informed.start(), 'topology')).toEqual([
      { type: 'topology', message: { type: 'join', version: 1, locator: LOCATOR, facts: FACTS } },
    ])
    expect(informed.all('fetch')).toEqual([])
  })

  it('waits 300 ms for the topology server, and no longer', () => {
    const visitor = started()
    expect(visitor.session.nextDeadlineMs()).toBe(300)
    expect(visitor.passUntil(299.9)).toEqual([])
    expect(visitor.passUntil(300)).toEqual([{ type: 'fetch', run: 0, origin: 0, ...WHOLE_FILE }])
  })

  it('gives the server as much time again where the timer rang late, as the answer may wait behind it, but for two seconds at most', () => {
    const visitor = started()
    const ringAt = (nowMs: number): number => {
      visitor.nowMs = nowMs
      visitor.handle({ type: 'tick' })
      return visitor.all('fetch').length
    }
    expect(ringAt(350)).toBe(0)
    expect(visitor.session.nextDeadlineMs()).toBe(650)
    expect(ringAt(1990)).toBe(0)
    expect(visitor.session.nextDeadlineMs()).toBe(2000)
    expect(ringAt(2060)).toBe(1)
    const other = started()
    other.nowMs = 349.9
    expect(pick(other.handle({ type: 'tick' }), 'fetch')).toHaveLength(1)
  })

  it('waits as long as it is told to', () => {
    const visitor = new Visitor({ limits: { topologyPatienceMs: 50 } })
    visitor.start()
    expect(visitor.passUntil(49)).toEqual([])
    expect(pick(visitor.passUntil(50), 'fetch')).toHaveLength(1)
  })

  it('asks the origin at once if it is the first of its swarm', () => {
    expect(pick(started().welcome({ joinIndex: 0 }), 'fetch')).toMatchObject([WHOLE_FILE])
  })

  it('waits for the first one’s findings if it is not', () => {
    const visitor = started()
    expect(pick(visitor.welcome({ joinIndex: 1, swarmSize: 2 }), 'fetch')).toEqual([])
    const outputs = visitor.handle({ type: 'factsTold', facts: FACTS })
    expect(pick(outputs, 'sized')).toEqual([{ type: 'sized', facts: FACTS }])
    expect(pick(outputs, 'fetch')).toMatchObject([{ firstChunk: CHUNKS / 2 }])
  })

  it('asks for itself where nobody finds anything in time', () => {
    const visitor = started()
    visitor.welcome({ joinIndex: 5, swarmSize: 6 })
    expect(pick(visitor.passUntil(300), 'fetch')).toMatchObject([WHOLE_FILE])
  })

  it('goes to its own place where the server answers too late, if nothing has come by then', () => {
    expect(late(44, 0).all('abort')).toHaveLength(1)
    expect(late(44, 0).all('fetch')).toHaveLength(1)
    expect(late(1, 0).latestRun).toMatchObject({ firstChunk: CHUNKS / 2 })
    expect(late(0, 0).all('abort')).toEqual([])
    expect(late(44, 1).all('abort')).toEqual([])
  })

  it('gives an origin that is far away eight times what its first byte took, where that is longer, and two seconds at most', () => {
    for (const [roundTripMs, givenMs] of [
      [200, 1600],
      [400, 2000],
    ] as const) {
      const visitor = started()
      visitor.passUntil(300)
      visitor.pass(roundTripMs)
      visitor.openRun(0, FACTS.sizeBytes)
      visitor.welcome({ joinIndex: 44, swarmSize: 45 })
      visitor.passUntil(300 + givenMs - 1)
      expect(visitor.all('abort')).toEqual([])
      visitor.pass(1)
      expect(visitor.all('abort')).toHaveLength(1)
    }
  })

  it('goes there, too, with a chunk of a file that would take more than twenty seconds like this', () => {
    expect([1, 8].map(abortsAfter)).toEqual([1, 0])
  })

  it('stays where it went on once that was decided, however slow it seems later, and without ranges', () => {
    const [fast, whole] = [started(), started()]
    for (const visitor of [fast, whole]) {
      visitor.passUntil(300)
      visitor.openRun(0, FACTS.sizeBytes, visitor === whole)
      visitor.bring(0, visitor === whole ? 1 : 8)
      visitor.passUntil(700)
      visitor.welcome({ joinIndex: 44, swarmSize: 45 })
      visitor.passUntil(1300)
      visitor.handle({ type: 'topologyLost' })
      visitor.welcome({ joinIndex: 44, swarmSize: 45 })
      visitor.passUntil(4000)
      expect(visitor.all('abort')).toEqual([])
    }
  })

  it('keeps chunks that it has for ten seconds, however slow', () => {
    const visitor = started()
    visitor.passUntil(300)
    visitor.openRun(0, FACTS.sizeBytes)
    visitor.bring(0, 1)
    visitor.passUntil(10_300)
    visitor.welcome({ joinIndex: 44, swarmSize: 45 })
    visitor.pass(100)
    expect(visitor.all('abort')).toEqual([])
  })

  it('waits no longer than usual for a server that cannot be reached', () => {
    const visitor = new Visitor({ limits: { topologyPatienceMs: 5000 } })
    visitor.start()
    visitor.pass(100)
    visitor.handle({ type: 'topologyLost' })
    expect(visitor.passUntil(299)).toEqual([])
    expect(pick(visitor.passUntil(300), 'fetch')).toHaveLength(1)
  })

  it('goes there at once where it has had its second for a chunk before the server answers', () => {
    const visitor = started()
    visitor.passUntil(300)
    visitor.openRun(0, FACTS.sizeBytes)
    visitor.passUntil(1300)
    expect(visitor.all('abort')).toEqual([])
    visitor.welcome({ joinIndex: 44, swarmSize: 45 })
    visitor.pass(1)
    expect(visitor.all('abort')).toHaveLength(1)
  })

  it('goes to its place in what is free as soon as it hears that others fetch the same, and says what it fetches', () => {
    const visitor = started()
    visitor.passUntil(300)
    visitor.openRun(0, FACTS.sizeBytes)
    visitor.welcome({ joinIndex: 3, swarmSize: 4 })
    const said = sent(visitor.meet(ANNA, FACTS), 'claim')
    expect(said.map(({ message }) => message.runs)).toEqual([[{ start: 0, count: 8 }]])
    visitor.hear(ANNA, claimOf(ANNA, 1, 0, 8))
    visitor.pass(200)
    visitor.bring(0, 1)
    expect(visitor.all('abort')).toHaveLength(1)
    expect(visitor.latestRun).toMatchObject({ firstChunk: 8 + 0.75 * (CHUNKS - 8) })
  })

  it('goes on where its first run ended, if the server answered in time', () => {
    const visitor = started()
    visitor.welcome({ joinIndex: 1, swarmSize: 4, facts: FACTS })
    visitor.openRun(0, FACTS.sizeBytes)
    visitor.bring(0, 8)
    visitor.failRun(0, 'unreachable')
    visitor.pass(5000)
    expect(visitor.latestRun).toMatchObject({ firstChunk: CHUNKS / 2 + 8 })
  })

  it.each([
    [0, 1],
    [1, 2],
  ])('goes, as number %i of those who come first, to a place of its own', (joinIndex, swarmSize) => {
    const visitor = started()
    visitor.passUntil(300)
    visitor.openRun(0, FACTS.sizeBytes)
    visitor.welcome({ joinIndex, swarmSize })
    visitor.meet(ANNA, FACTS)
    visitor.hear(ANNA, claimOf(ANNA, 1, 0, 8))
    visitor.pass(200)
    visitor.bring(0, 1)
    const place = joinIndex === 0 ? 15 / 16 : 1 / 2
    expect(visitor.latestRun).toMatchObject({ firstChunk: 8 + Math.floor(place * (CHUNKS - 8)) })
  })

  it('keeps its place where the server comes again', () => {
    const visitor = started()
    visitor.welcome({ joinIndex: 1, swarmSize: 45, facts: FACTS })
    expect(visitor.latestRun).toMatchObject({ firstChunk: CHUNKS / 2 })
    visitor.handle({ type: 'topologyLost' })
    visitor.welcome({ joinIndex: 44, swarmSize: 45 })
    expect(visitor.all('abort')).toEqual([])
  })

  it('tells the topology server what it found', () => {
    const visitor = started()
    visitor.welcome({ joinIndex: 0 })
    const outputs = visitor.openRun(0, FACTS.sizeBytes)
    expect(pick(outputs, 'topology')).toEqual([
      { type: 'topology', message: { type: 'facts', facts: FACTS } },
    ])
  })

  it('does not tell again what it was told', () => {
    const visitor = started()
    visitor.welcome({ joinIndex: 0, facts: FACTS })
    expect(pick(visitor.openRun(0, FACTS.sizeBytes), 'topology')).toEqual([])
  })

  it.each([
    [0, 0],
    [1, 32],
    [2, 16],
    [3, 48],
    [4, 8],
    [7, 56],
  ])('starts, as number %i of eight, at chunk %i', (joinIndex, firstChunk) => {
    const outputs = started().welcome({ joinIndex, swarmSize: 8, facts: FACTS })
    expect(pick(outputs, 'fetch')).toMatchObject([{ firstChunk, firstByte: firstChunk * CHUNK_BYTES }])
  })

  it('begins its first run at its place, and asks on from there, as to ask again would cost a round trip', () => {
    const outputs = started().welcome({ joinIndex: 1, swarmSize: 8, facts: FACTS })
    expect(pick(outputs, 'fetch')).toMatchObject([{ firstChunk: 32, lastByte: null }])
  })

  it('asks open-endedly where its run reaches the end, so that the answer confirms the size', () => {
    const outputs = started().welcome({ joinIndex: 7, swarmSize: 8, facts: FACTS })
    expect(pick(outputs, 'fetch')).toMatchObject([{ firstChunk: 56, lastByte: null }])
  })

  it('beyond the seats tosses a coin instead of going to the origin', () => {
    const visitor = started()
    const outputs = visitor.welcome({ joinIndex: 8, swarmSize: 1000, facts: FACTS })
    expect(pick(outputs, 'fetch')).toEqual([])
    const nextToss = visitor.session.nextDeadlineMs()
    expect(nextToss).toBeGreaterThan(0)
    expect(nextToss).toBeLessThan(350)
  })

  it('beyond the seats takes a seat where the others have left', () => {
    const outputs = started().welcome({ joinIndex: 8, swarmSize: 3, facts: FACTS })
    expect(pick(outputs, 'fetch')).toHaveLength(1)
  })

  it('wins a seat about as often as the coin says', () => {
    const winners = range(0, 400).filter((seed) => {
      const visitor = new Visitor({ seed })
      visitor.start()
      visitor.welcome({ joinIndex: 500, swarmSize: 80, facts: FACTS })
      const firstTossMs = visitor.session.nextDeadlineMs() ?? 0
      return pick(visitor.passUntil(firstTossMs), 'fetch').length > 0
    })
    // One in ten is expected; five standard deviations are 30.
    expect(Math.abs(winners.length - 40)).toBeLessThan(30)
  })
})

describe('a late answer of the topology server', () => {
  it('finds the probe under way: who is first goes on with it', () => {
    const visitor = started()
    visitor.passUntil(300)
    const outputs = visitor.welcome({ joinIndex: 0, swarmSize: 4, facts: FACTS })
    expect(pick(outputs, 'abort')).toEqual([])
    expect(pick(outputs, 'fetch')).toEqual([])
  })

  it('sends whoever has another place there', () => {
    const visitor = started()
    visitor.passUntil(300)
    const outputs = visitor.welcome({ joinIndex: 2, swarmSize: 4, facts: FACTS })
    expect(pick(outputs, 'abort')).toEqual([{ type: 'abort', run: 0 }])
    expect(pick(outputs, 'fetch')).toMatchObject([{ firstChunk: 16 }])
  })

  it('makes whoever has no seat close its probe', () => {
    const visitor = started()
    visitor.passUntil(300)
    const outputs = visitor.welcome({ joinIndex: 700, swarmSize: 1000, facts: FACTS })
    expect(pick(outputs, 'abort')).toEqual([{ type: 'abort', run: 0 }])
    expect(pick(outputs, 'fetch')).toEqual([])
  })

  it('does not throw away the one answer of an origin that ignores ranges', () => {
    const visitor = started()
    visitor.welcome({ joinIndex: 1, swarmSize: 2 })
    visitor.passUntil(300)
    const outputs = visitor.openRun(0, FACTS.sizeBytes, true)
    expect(pick(outputs, 'sized')).toHaveLength(1)
    expect(pick(outputs, 'abort')).toEqual([])
    expect(pick(visitor.bring(0, CHUNKS), 'complete')).toHaveLength(1)
  })

  it('may never come: the download goes on alone', () => {
    const visitor = started()
    visitor.passUntil(300)
    visitor.openRun(0, FACTS.sizeBytes)
    visitor.handle({ type: 'topologyLost' })
    expect(pick(visitor.bring(0, CHUNKS), 'complete')).toHaveLength(1)
  })
})
