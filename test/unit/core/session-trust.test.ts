import { describe, expect, it } from 'vitest'

import type { ChunkSource } from '../../../src/core/session-io.ts'
import { CHUNK_BYTES, fileOf, peer, range } from './shapes.ts'
import { claimOf, firstOfTwo, loneVisitor, pick, sent, Visitor } from './visitor.ts'

const CHUNKS = 16
const FACTS = fileOf(CHUNKS)
const ANNA = peer(1)

/** Complete: the first half from the origin, which confirmed the size, the second from Anna. */
function halfSecondHand(): Visitor {
  const visitor = new Visitor()
  visitor.start()
  visitor.welcome({ joinIndex: 0, swarmSize: 1 })
  visitor.pass(100)
  visitor.openRun(0, FACTS.sizeBytes)
  visitor.meet(ANNA, FACTS)
  visitor.hearHave(ANNA, range(8, CHUNKS))
  while (visitor.askedOf(ANNA).length > 0) visitor.deliver(ANNA)
  visitor.bring(0, 8)
  return visitor
}

describe('a whole that does not have its hash', () => {
  it('is fetched again as far as it is second-hand, from the origin only', () => {
    const visitor = halfSecondHand()
    expect(visitor.all('complete')).toHaveLength(1)
    const outputs = visitor.handle({ type: 'fileMismatched' })
    expect(pick(outputs, 'forget').map(({ chunk }) => chunk)).toEqual(range(8, CHUNKS))
    expect(pick(outputs, 'fetch')).toMatchObject([{ firstChunk: 8, firstByte: 8 * CHUNK_BYTES }])
    const again = visitor.latestRun.run
    visitor.openRun(again, FACTS.sizeBytes)
    expect(pick(visitor.bring(again, 8), 'complete')).toHaveLength(1)
    expect(sent(outputs, 'request')).toEqual([])
    expect(visitor.askedOf(ANNA)).toEqual([])
  })

  it('is the origin’s fault where all of it is the origin’s', () => {
    const visitor = halfSecondHand()
    visitor.handle({ type: 'fileMismatched' })
    const again = visitor.latestRun.run
    visitor.openRun(again, FACTS.sizeBytes)
    visitor.bring(again, 8)
    expect(visitor.handle({ type: 'fileMismatched' })).toEqual([
      { type: 'failed', failure: 'integrity-mismatch', status: null },
    ])
  })

  it('of a lone visitor ends the download', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.bring(0, CHUNKS)
    expect(visitor.handle({ type: 'fileMismatched' })).toEqual([
      { type: 'failed', failure: 'integrity-mismatch', status: null },
    ])
  })

  it('may never have been the file, where only others told its size', () => {
    const visitor = new Visitor()
    visitor.start()
    visitor.welcome({ joinIndex: 9_999_999, swarmSize: 10_000_000, facts: FACTS })
    visitor.meet(ANNA, FACTS)
    visitor.hearHave(ANNA, range(0, CHUNKS))
    while (visitor.askedOf(ANNA).length > 0) visitor.deliver(ANNA)
    expect(visitor.all('complete')).toHaveLength(1)
    expect(visitor.handle({ type: 'fileMismatched' })).toEqual([{ type: 'misled' }])
  })

  it('counts what the store brought as second-hand', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.digest(CHUNKS - 1, { kind: 'store' })
    visitor.bring(0, CHUNKS - 1)
    const outputs = visitor.handle({ type: 'fileMismatched' })
    expect(pick(outputs, 'forget')).toEqual([{ type: 'forget', chunk: CHUNKS - 1 }])
    expect(pick(outputs, 'fetch')).toMatchObject([{ firstChunk: CHUNKS - 1, lastByte: null }])
  })
})

describe('when peers are not to be trusted any more', () => {
  it('nothing is asked of them, and what they gave is fetched from the origin', () => {
    const visitor = firstOfTwo(CHUNKS)
    visitor.openRun(0)
    visitor.meet(ANNA, FACTS)
    visitor.hearHave(ANNA, range(8, CHUNKS))
    visitor.deliver(ANNA)
    const given = visitor.kept
    expect(given.length).toBeGreaterThan(0)
    const asked = visitor.askedOf(ANNA)
    const outputs = visitor.handle({ type: 'distrustPeers' })
    expect(sent(outputs, 'cancel')).toEqual([
      { peer: ANNA, message: { type: 'cancel', chunks: expect.arrayContaining(asked) as number[] } },
    ])
    expect(pick(outputs, 'forget').map(({ chunk }) => chunk)).toEqual(given)
    visitor.hearHave(ANNA, range(0, CHUNKS))
    expect(visitor.askedOf(ANNA)).toEqual([])
    const { run } = visitor.latestRun
    visitor.openRun(run, FACTS.sizeBytes)
    visitor.bring(run, CHUNKS)
    expect(visitor.all('complete')).toHaveLength(1)
  })

  it('a chunk of theirs that is just being hashed does not count', () => {
    const visitor = firstOfTwo(CHUNKS)
    visitor.meet(ANNA, FACTS)
    visitor.hearHave(ANNA, [12])
    visitor.hashes = false
    visitor.deliver(ANNA)
    visitor.handle({ type: 'distrustPeers' })
    visitor.digest(12, { kind: 'peer', peer: ANNA })
    expect(visitor.kept).toEqual([])
  })

  it('the origin is asked, however many hold or claim its seats', () => {
    const chunks = 2
    const visitor = new Visitor()
    visitor.start()
    visitor.welcome({ joinIndex: 0, swarmSize: 1000, facts: fileOf(chunks) })
    visitor.openRun(0)
    visitor.bring(0, 1)
    visitor.meet(ANNA, fileOf(chunks))
    visitor.hearHave(ANNA, [1])
    visitor.endRun(0)
    visitor.hashes = false
    visitor.deliver(ANNA)
    visitor.handle({ type: 'distrustPeers' })
    const source: ChunkSource = { kind: 'peer', peer: ANNA }
    visitor.digest(1, source)
    for (const sequence of range(1, 20)) {
      for (const number of range(0, 8)) visitor.hear(ANNA, claimOf(peer(0x600 + number), sequence, 0, 1))
      visitor.pass(2000)
    }
    expect(visitor.all('fetch').at(-1)).toMatchObject({ firstChunk: 1 })
  })

  it('the origin’s own stream is not interrupted', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.bring(0, 3)
    expect(visitor.handle({ type: 'distrustPeers' })).toEqual([])
    expect(pick(visitor.bring(0, CHUNKS - 3), 'complete')).toHaveLength(1)
  })

  it('and that is said before the size is known, nobody else is ever asked', () => {
    const visitor = new Visitor()
    visitor.start()
    visitor.handle({ type: 'distrustPeers' })
    visitor.welcome({ joinIndex: 9_999_999, swarmSize: 10_000_000, facts: FACTS })
    visitor.meet(ANNA, FACTS)
    visitor.hearHave(ANNA, range(0, CHUNKS))
    visitor.pass(1000)
    expect(visitor.askedOf(ANNA)).toEqual([])
    const { run, firstChunk } = visitor.latestRun
    visitor.openRun(run, FACTS.sizeBytes)
    visitor.bring(run, CHUNKS - firstChunk)
    expect(visitor.kept).toEqual(range(firstChunk, CHUNKS))
  })

  it('what others ask is still served', () => {
    const visitor = firstOfTwo(CHUNKS)
    visitor.openRun(0)
    visitor.bring(0, 2)
    visitor.meet(ANNA, FACTS)
    visitor.handle({ type: 'distrustPeers' })
    const outputs = visitor.hear(ANNA, { type: 'request', chunks: [1] })
    expect(pick(outputs, 'serve')).toEqual([{ type: 'serve', peer: ANNA, chunk: 1 }])
  })
})

describe('a pause', () => {
  it('stops everything that was asked for, and asks for nothing until it ends', () => {
    const visitor = firstOfTwo(CHUNKS)
    visitor.openRun(0)
    visitor.bring(0, 2)
    visitor.meet(ANNA, FACTS)
    visitor.hearHave(ANNA, range(8, CHUNKS))
    const asked = visitor.askedOf(ANNA)
    const outputs = visitor.handle({ type: 'pause' })
    expect(pick(outputs, 'abort')).toEqual([{ type: 'abort', run: 0 }])
    const cancelled = sent(outputs, 'cancel').flatMap(({ message }) => message.chunks)
    expect([...cancelled].sort((a, b) => a - b)).toEqual(asked)
    visitor.hearHave(ANNA, range(0, 8))
    const meanwhile = visitor.pass(60_000)
    expect(pick(meanwhile, 'fetch')).toEqual([])
    expect(sent(meanwhile, 'request')).toEqual([])
    expect(visitor.askedOf(ANNA)).toEqual([])
  })

  it('that ends goes on where it began', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.bring(0, 5)
    visitor.handle({ type: 'pause' })
    visitor.pass(60_000)
    expect(pick(visitor.handle({ type: 'resume' }), 'fetch')).toMatchObject([
      { firstChunk: 5, lastByte: null },
    ])
    visitor.openRun(1, FACTS.sizeBytes)
    expect(pick(visitor.bring(1, CHUNKS - 5), 'complete')).toHaveLength(1)
  })

  it('asks the neighbours again when it ends', () => {
    const visitor = firstOfTwo(CHUNKS)
    visitor.meet(ANNA, FACTS)
    visitor.hearHave(ANNA, range(8, CHUNKS))
    visitor.handle({ type: 'pause' })
    visitor.handle({ type: 'resume' })
    expect(visitor.askedOf(ANNA).length).toBeGreaterThan(0)
  })

  it('before the topology server has answered keeps the origin unasked', () => {
    const visitor = new Visitor()
    visitor.start()
    visitor.handle({ type: 'pause' })
    expect(pick(visitor.pass(5000), 'fetch')).toEqual([])
    expect(pick(visitor.handle({ type: 'resume' }), 'fetch')).toHaveLength(1)
  })

  it('before the topology server has answered may end before it has', () => {
    const visitor = new Visitor()
    visitor.start()
    visitor.handle({ type: 'pause' })
    visitor.pass(100)
    expect(pick(visitor.handle({ type: 'resume' }), 'fetch')).toEqual([])
    expect(pick(visitor.welcome({ joinIndex: 1, swarmSize: 4, facts: FACTS }), 'fetch')).toMatchObject([
      { firstChunk: CHUNKS / 2 },
    ])
  })

  it('in which everything becomes known ends with a start at the right place', () => {
    const visitor = new Visitor()
    visitor.start()
    visitor.handle({ type: 'pause' })
    visitor.welcome({ joinIndex: 1, swarmSize: 4, facts: FACTS })
    expect(pick(visitor.pass(5000), 'fetch')).toEqual([])
    expect(pick(visitor.handle({ type: 'resume' }), 'fetch')).toMatchObject([{ firstChunk: CHUNKS / 2 }])
  })

  it('does not end a newcomer’s wait for a seat', () => {
    const visitor = new Visitor()
    visitor.start()
    visitor.handle({ type: 'pause' })
    visitor.welcome({ joinIndex: 99, swarmSize: 9, facts: FACTS })
    visitor.pass(5000)
    visitor.handle({ type: 'resume' })
    expect(pick(visitor.pass(5000), 'fetch').length).toBeGreaterThan(0)
  })

  it('during the probe asks for the size again when it ends', () => {
    const visitor = new Visitor({ locator: null })
    visitor.start()
    expect(pick(visitor.handle({ type: 'pause' }), 'abort')).toHaveLength(1)
    expect(pick(visitor.handle({ type: 'resume' }), 'fetch')).toMatchObject([
      { firstByte: 0, lastByte: null },
    ])
    visitor.openRun(1, FACTS.sizeBytes)
    expect(pick(visitor.bring(1, CHUNKS), 'complete')).toHaveLength(1)
  })

  it('during a wait for the origin ends that wait, too', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.failRun(0, 'busy', 100_000)
    visitor.handle({ type: 'pause' })
    expect(visitor.session.nextDeadlineMs()).toBeNull()
    expect(pick(visitor.handle({ type: 'resume' }), 'fetch')).toHaveLength(1)
  })

  it('does not throw away a chunk that is being hashed', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.hashes = false
    visitor.bring(0, 1)
    visitor.handle({ type: 'pause' })
    visitor.digest(0, { kind: 'origin', run: 0 })
    expect(visitor.kept).toEqual([0])
  })

  it('twice, and a resume too many, change nothing', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.handle({ type: 'pause' })
    expect(visitor.handle({ type: 'pause' })).toEqual([])
    visitor.handle({ type: 'resume' })
    expect(visitor.handle({ type: 'resume' })).toEqual([])
  })
})

describe('a kept chunk that cannot be read any more', () => {
  it('is fetched again, though the download was complete', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.bring(0, CHUNKS)
    visitor.handle({ type: 'fileVerified' })
    const outputs = [...visitor.handle({ type: 'chunkLost', chunk: 3 }), ...visitor.pass(1000)]
    expect(pick(outputs, 'forget')).toEqual([{ type: 'forget', chunk: 3 }])
    expect(pick(outputs, 'fetch')).toMatchObject([{ firstChunk: 3, lastByte: 4 * CHUNK_BYTES - 1 }])
    visitor.openRun(1)
    expect(pick(visitor.bring(1, 1), 'complete')).toHaveLength(1)
  })

  it('is asked of a neighbour that has it', () => {
    const visitor = halfSecondHand()
    visitor.handle({ type: 'fileVerified' })
    visitor.handle({ type: 'chunkLost', chunk: 12 })
    expect(visitor.askedOf(ANNA)).toEqual([12])
    expect(pick(visitor.deliver(ANNA), 'complete')).toHaveLength(1)
  })

  it('while the whole is being hashed makes that hash worthless', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.bring(0, CHUNKS)
    visitor.handle({ type: 'chunkLost', chunk: 3 })
    expect(visitor.handle({ type: 'fileVerified' })).toEqual([])
    expect(visitor.handle({ type: 'fileMismatched' })).toEqual([])
    visitor.pass(1000)
    visitor.openRun(1)
    expect(pick(visitor.bring(1, 1), 'complete')).toHaveLength(1)
  })

  it('and was not kept is no loss', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.bring(0, 2)
    expect(visitor.handle({ type: 'chunkLost', chunk: 9 })).toEqual([])
  })
})
