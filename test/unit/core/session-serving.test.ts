import { describe, expect, it } from 'vitest'

import { slowServiceMs } from '../../../src/core/mesh/uploads.ts'
import { CHUNK_BYTES, fileOf, peer, range } from './shapes.ts'
import { loneVisitor, pick, sent, type Visitor, withoutProbes } from './visitor.ts'

const CHUNKS = 80
const FACTS = fileOf(CHUNKS)
const ANNA = peer(1)
const BERT = peer(2)

/** Holds the first 70 of 80 chunks. */
function server(): Visitor {
  const visitor = loneVisitor(CHUNKS)
  visitor.bring(0, 70)
  visitor.meet(ANNA, FACTS)
  visitor.meet(BERT, FACTS)
  visitor.pass(1000)
  return visitor
}

function request(visitor: Visitor, from = ANNA, ...chunks: number[]): ReturnType<Visitor['hear']> {
  return withoutProbes(visitor.hear(from, { type: 'request', chunks }))
}

describe('a neighbour’s requests', () => {
  it('are served one chunk at a time', () => {
    const visitor = server()
    expect(request(visitor, ANNA, 3, 4)).toEqual([{ type: 'serve', peer: ANNA, chunk: 3 }])
    expect(visitor.handle({ type: 'served', peer: ANNA, chunk: 3 })).toEqual([
      { type: 'serve', peer: ANNA, chunk: 4 },
    ])
    expect(visitor.handle({ type: 'served', peer: ANNA, chunk: 4 })).toEqual([])
    expect(visitor.session.neighbours.get(ANNA)?.bytesSent).toBe(2 * CHUNK_BYTES)
  })

  it('are refused where the chunk is not here', () => {
    const outputs = request(server(), ANNA, 3, 75)
    expect(sent(outputs, 'refuse')).toEqual([{ peer: ANNA, message: { type: 'refuse', chunks: [75] } }])
    expect(pick(outputs, 'serve')).toEqual([{ type: 'serve', peer: ANNA, chunk: 3 }])
  })

  it('are refused beyond 32 that wait', () => {
    const outputs = request(server(), ANNA, ...range(0, 40))
    expect(sent(outputs, 'refuse').map(({ message }) => message.chunks)).toEqual([range(32, 40)])
    expect(pick(outputs, 'serve')).toHaveLength(1)
  })

  it('wait in one queue each: one neighbour’s do not use up another’s', () => {
    const visitor = server()
    request(visitor, ANNA, ...range(0, 32))
    expect(sent(request(visitor, BERT, ...range(0, 32)), 'refuse')).toEqual([])
  })

  it('that are repeated are served once', () => {
    const visitor = server()
    request(visitor, ANNA, 3, 4)
    expect(request(visitor, ANNA, 3, 4, 4)).toEqual([])
    visitor.handle({ type: 'served', peer: ANNA, chunk: 3 })
    expect(visitor.handle({ type: 'served', peer: ANNA, chunk: 4 })).toEqual([])
  })

  it('that are cancelled are dropped, or stopped where they are being served', () => {
    const visitor = server()
    request(visitor, ANNA, 3, 4, 5)
    expect(visitor.hear(ANNA, { type: 'cancel', chunks: [4] })).toEqual([])
    expect(visitor.hear(ANNA, { type: 'cancel', chunks: [3] })).toEqual([
      { type: 'unserve', peer: ANNA, chunk: 3 },
      { type: 'serve', peer: ANNA, chunk: 5 },
    ])
    expect(visitor.hear(ANNA, { type: 'cancel', chunks: [60, CHUNKS + 5] })).toEqual([])
  })

  it('end with its link', () => {
    const visitor = server()
    request(visitor, ANNA, 3, 4)
    expect(pick(visitor.handle({ type: 'linkClosed', peer: ANNA }), 'unserve')).toEqual([
      { type: 'unserve', peer: ANNA, chunk: 3 },
    ])
    expect(visitor.handle({ type: 'served', peer: ANNA, chunk: 3 })).toEqual([])
  })

  it('are refused where the bytes cannot be read any more', () => {
    const visitor = server()
    request(visitor, ANNA, 3, 4)
    expect(visitor.handle({ type: 'unservable', peer: ANNA, chunk: 3 })).toEqual([
      { type: 'send', peer: ANNA, message: { type: 'refuse', chunks: [3] } },
      { type: 'serve', peer: ANNA, chunk: 4 },
    ])
  })

  it('are refused where the chunk was given up while they waited', () => {
    const visitor = server()
    request(visitor, ANNA, 3, 4, 5)
    const outputs = visitor.handle({ type: 'chunkLost', chunk: 4 })
    expect(sent(outputs, 'refuse')).toEqual([{ peer: ANNA, message: { type: 'refuse', chunks: [4] } }])
    expect(visitor.handle({ type: 'served', peer: ANNA, chunk: 3 })).toEqual([
      { type: 'serve', peer: ANNA, chunk: 5 },
    ])
  })

  it('are refused where the chunk is given up while it is being sent', () => {
    const visitor = server()
    request(visitor, ANNA, 3, 4)
    expect(visitor.handle({ type: 'chunkLost', chunk: 3 }).slice(0, 4)).toEqual([
      { type: 'forget', chunk: 3 },
      { type: 'unserve', peer: ANNA, chunk: 3 },
      { type: 'send', peer: ANNA, message: { type: 'refuse', chunks: [3] } },
      { type: 'serve', peer: ANNA, chunk: 4 },
    ])
  })

  it('are served while the download is paused, and after it is complete', () => {
    const visitor = server()
    visitor.handle({ type: 'pause' })
    expect(request(visitor, ANNA, 3)).toHaveLength(1)
    visitor.handle({ type: 'resume' })
    const { run } = visitor.latestRun
    visitor.openRun(run, FACTS.sizeBytes)
    visitor.bring(run, 10)
    visitor.handle({ type: 'fileVerified' })
    expect(pick(request(visitor, BERT, 79), 'serve')).toEqual([{ type: 'serve', peer: BERT, chunk: 79 }])
  })

  it('are served in the order of rarity, not in that of asking', () => {
    const visitor = server()
    visitor.hearHave(BERT, [3, 4])
    expect(request(visitor, ANNA, 3, 4, 5)).toEqual([{ type: 'serve', peer: ANNA, chunk: 5 }])
  })
})

describe('many neighbours', () => {
  const crowd = range(10, 16).map(peer)

  function crowdedServer(): Visitor {
    const visitor = server()
    for (const who of crowd) visitor.meet(who, FACTS)
    return visitor
  }

  it('are served two at a time', () => {
    const visitor = crowdedServer()
    const served = crowd.flatMap((who) =>
      pick(request(visitor, who, 3), 'serve').map((output) => output.peer),
    )
    expect(served).toEqual(crowd.slice(0, 2))
    const [first = ANNA] = crowd
    expect(pick(visitor.handle({ type: 'served', peer: first, chunk: 3 }), 'serve')).toEqual([
      { type: 'serve', peer: crowd[2], chunk: 3 },
    ])
  })

  it('do not wait for slow ones: after a while the next is served, too', () => {
    const visitor = crowdedServer()
    for (const who of crowd) request(visitor, who, 3)
    expect(
      pick(
        visitor.pass(slowServiceMs({ chunkBytes: CHUNK_BYTES, bestBytesPerSec: 0, isBusy: false }) - 1),
        'serve',
      ),
    ).toEqual([])
    expect(pick(visitor.pass(1), 'serve').map((output) => output.peer)).toEqual(crowd.slice(2, 4))
  })
})
