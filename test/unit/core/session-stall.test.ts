import { describe, expect, it } from 'vitest'

import { CHUNK_BYTES, fileOf, peer, range } from './shapes.ts'
import { lateVisitor, loneVisitor, pick, sent, Visitor } from './visitor.ts'

/** More than the endgame takes for the last few. */
const CHUNKS = 64
const FACTS = fileOf(CHUNKS)
const ANNA = peer(1)
const BERT = peer(2)

/** Anna and Bert have the same chunk; Anna was asked for it. */
function visitorWaitingForAnna(): Visitor {
  const visitor = lateVisitor(CHUNKS)
  visitor.meet(ANNA, FACTS)
  visitor.hearHave(ANNA, [4])
  visitor.meet(BERT, FACTS)
  visitor.hearHave(BERT, [4])
  return visitor
}

/** Anna was asked for her first chunk, and so much later has another. */
function visitorWithNews(afterMs: number): Visitor {
  const visitor = lateVisitor(CHUNKS)
  visitor.meet(ANNA, FACTS)
  visitor.hearHave(ANNA, [4])
  visitor.pass(afterMs)
  visitor.hearHave(ANNA, [5])
  return visitor
}

/** Anna has brought forty chunks, and took so long for each. */
function visitorUsedTo(tookMs: number): Visitor {
  const visitor = lateVisitor(CHUNKS)
  visitor.meet(ANNA, FACTS)
  for (const chunk of range(0, 40)) {
    visitor.hearHave(ANNA, [chunk])
    visitor.pass(tookMs)
    visitor.deliver(ANNA)
  }
  return visitor
}

/** Anna, who sends nothing from now on, is asked for the chunk for five seconds, and not a moment longer. */
function expectFiveMoreSeconds(visitor: Visitor, chunk: number): void {
  visitor.pass(4999)
  expect(visitor.askedOf(ANNA)).toEqual([chunk])
  visitor.pass(1)
  expect(visitor.askedOf(ANNA)).toEqual([])
}

describe('a neighbour that sends nothing', () => {
  it('loses its requests to another after five seconds', () => {
    const visitor = visitorWaitingForAnna()
    visitor.pass(4999)
    expect(visitor.askedOf(ANNA)).toEqual([4])
    const outputs = visitor.pass(1)
    expect(sent(outputs, 'cancel')).toEqual([{ peer: ANNA, message: { type: 'cancel', chunks: [4] } }])
    expect(pick(outputs, 'discard')).toEqual([
      { type: 'discard', chunk: 4, source: { kind: 'peer', peer: ANNA } },
    ])
    expect(visitor.askedOf(BERT)).toEqual([4])
    expect(visitor.all('disconnect')).toEqual([])
  })

  it('is asked for more within the first second', () => {
    expect(visitorWithNews(999).askedOf(ANNA)).toEqual([4, 5])
  })

  it('is asked for no more after that, or it would hold up the first by beginning others', () => {
    const visitor = visitorWithNews(1000)
    expect(visitor.askedOf(ANNA)).toEqual([4])
    visitor.deliver(ANNA)
    expect(visitor.askedOf(ANNA)).toEqual([5])
  })

  it('is asked again five seconds later, where it alone has the chunk', () => {
    const visitor = visitorWaitingForAnna()
    visitor.handle({ type: 'linkClosed', peer: BERT })
    visitor.pass(9999)
    expect(visitor.askedOf(ANNA)).toEqual([])
    visitor.pass(1)
    expect(visitor.askedOf(ANNA)).toEqual([4])
  })

  it('is left alone for longer the more often it stalls', () => {
    const visitor = visitorWaitingForAnna()
    visitor.handle({ type: 'linkClosed', peer: BERT })
    visitor.pass(5000 + 5000 + 5000 + 9999)
    expect(visitor.askedOf(ANNA)).toEqual([])
    visitor.pass(1)
    expect(visitor.askedOf(ANNA)).toEqual([4])
  })

  it('may take three times the usual until it begins, where chunks take long to come', () => {
    const visitor = visitorUsedTo(4000)
    visitor.hearHave(ANNA, [50])
    visitor.pass(3 * 3900)
    expect(visitor.askedOf(ANNA)).toEqual([50])
    visitor.pass(400)
    expect(visitor.askedOf(ANNA)).toEqual([])
  })

  it('has no more than five seconds once it has begun, however long chunks take', () => {
    const visitor = visitorUsedTo(4000)
    visitor.hearHave(ANNA, [50])
    visitor.pass(500)
    visitor.hearBlock(ANNA, 50, 0, 1000)
    expectFiveMoreSeconds(visitor, 50)
  })

  it('is asked again in time, though another has stalled meanwhile', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.meet(ANNA, FACTS)
    visitor.hearHave(ANNA, [4])
    visitor.meet(BERT, FACTS)
    visitor.pass(1000)
    visitor.hearHave(BERT, [5])
    visitor.pass(5000)
    expect([visitor.askedOf(ANNA), visitor.askedOf(BERT)]).toEqual([[], []])
    visitor.pass(4000)
    expect(visitor.askedOf(ANNA)).toEqual([4])
  })

  it('has five seconds again after every block', () => {
    const visitor = visitorWaitingForAnna()
    visitor.pass(4000)
    visitor.hearBlock(ANNA, 4, 0, 1000)
    expectFiveMoreSeconds(visitor, 4)
  })

  it('is found out where nothing else happens and timers ring a little late', () => {
    const visitor = new Visitor()
    visitor.start()
    visitor.welcome({ joinIndex: 0, swarmSize: 2, facts: FACTS })
    visitor.meet(ANNA, FACTS)
    visitor.hearHave(ANNA, [60])
    expect(visitor.askedOf(ANNA)).toEqual([60])
    // The origin has asked to be left in peace, so that Anna's silence is all there is to wait for.
    visitor.failRun(0, 'busy', 60_000)
    for (let rings = 0; rings < 8; rings++) visitor.ring(4)
    expect(visitor.nowMs).toBeGreaterThan(6000)
    expect(sent(visitor.outputs, 'cancel')[0]).toEqual({
      peer: ANNA,
      message: { type: 'cancel', chunks: [60] },
    })
  })

  it('cannot hold a chunk back by sending its first bytes again and again', () => {
    const visitor = visitorWaitingForAnna()
    for (let seconds = 0; seconds < 9; seconds += 3) {
      visitor.pass(3000)
      visitor.hearBlock(ANNA, 4, 0, 1)
    }
    expect(visitor.askedOf(ANNA)).toEqual([])
    expect(visitor.askedOf(BERT)).toEqual([4])
  })
})

describe('a page that slept', () => {
  it('blames no neighbour for its own silence', () => {
    const visitor = visitorWaitingForAnna()
    visitor.nowMs = 60_000
    visitor.handle({ type: 'tick' })
    expect(sent(visitor.outputs, 'cancel')).toEqual([])
    visitor.pass(4999)
    expect(visitor.askedOf(ANNA)).toEqual([4])
    visitor.pass(1)
    expect(visitor.askedOf(ANNA)).toEqual([])
    expect(visitor.askedOf(BERT)).toEqual([4])
  })

  it('blames nobody where a message wakes it before its timer does', () => {
    const visitor = visitorWaitingForAnna()
    visitor.nowMs = 60_000
    visitor.hearHave(BERT, [5])
    visitor.passUntil(60_000)
    expect(visitor.askedOf(ANNA)).toEqual([4])
  })

  it('does not take the origin for dead', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.bring(0, 1)
    visitor.nowMs = 600_000
    visitor.handle({ type: 'tick' })
    expect(visitor.all('abort')).toEqual([])
    expect(pick(visitor.bring(0, CHUNKS - 1), 'complete')).toHaveLength(1)
  })
})

describe('an origin that sends nothing', () => {
  it('is asked again after twenty seconds, from where it fell silent', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.bring(0, 3)
    expect(pick(visitor.pass(19_999), 'abort')).toEqual([])
    const outputs = visitor.pass(2000)
    expect(pick(outputs, 'abort')).toEqual([{ type: 'abort', run: 0 }])
    expect(pick(outputs, 'fetch')).toMatchObject([{ firstChunk: 3, firstByte: 3 * CHUNK_BYTES }])
  })

  it('has twenty seconds again after every byte', () => {
    const visitor = loneVisitor(CHUNKS)
    for (const chunk of range(0, 5)) {
      visitor.pass(15_000)
      visitor.bring(0, 1)
      expect(visitor.kept).toEqual(range(0, chunk + 1))
    }
    expect(visitor.all('abort')).toEqual([])
  })

  it('is given up after a few attempts where it never answered', () => {
    const visitor = new Visitor({ locator: null })
    visitor.start()
    visitor.pass(70_000)
    expect(visitor.all('fetch')).toHaveLength(3)
    expect(visitor.all('failed')).toEqual([{ type: 'failed', failure: 'unreachable', status: null }])
  })
})
