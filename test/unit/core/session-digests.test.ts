import { describe, expect, it } from 'vitest'

import type { ChunkSource } from '../../../src/core/session-io.ts'
import { CHUNK_BYTES, digestsOf, fileOf, forgedDigest, genuineDigest, peer, range } from './shapes.ts'
import { lateVisitor, pick, sent, Visitor, type VisitorOptions } from './visitor.ts'

const CHUNKS = 20
const FACTS = fileOf(CHUNKS)
const ANNA = peer(1)
const BERT = peer(2)
const MALLORY = peer(3)

/** Mallory's bytes are forged, whatever she says of them. */
function digestOf(chunk: number, source: ChunkSource): Uint8Array {
  const isForged = source.kind === 'peer' && source.peer === MALLORY
  return isForged ? forgedDigest(chunk) : genuineDigest(chunk)
}

/** The page has no chunk hashes: every chunk is held against what its sender says of it. */
function visitorWithoutHashes(options: VisitorOptions = {}): Visitor {
  const visitor = lateVisitor(CHUNKS, {
    verification: 'sendersDigest',
    fileIsHashed: true,
    digestOf,
    ...options,
  })
  for (const who of [ANNA, BERT, MALLORY]) visitor.meet(who, FACTS)
  return visitor
}

describe('without chunk hashes, a neighbour', () => {
  it('is believed to have what it gives the digest of', () => {
    const visitor = visitorWithoutHashes()
    visitor.hearDigests(ANNA, [4])
    expect(visitor.askedOf(ANNA)).toEqual([4])
    visitor.deliver(ANNA)
    expect(visitor.kept).toEqual([4])
  })

  it('is not asked for what it gives no digest of', () => {
    const visitor = visitorWithoutHashes()
    visitor.hearHave(ANNA, [4])
    visitor.hearBitfield(BERT, range(0, CHUNKS), CHUNKS)
    expect(sent(visitor.outputs, 'request')).toEqual([])
    expect(visitor.session.neighbours.size).toBe(3)
    visitor.hearDigests(BERT, [5])
    expect(visitor.askedOf(BERT)).toEqual([5])
  })

  it('that sends other bytes than it says is banned', () => {
    const visitor = visitorWithoutHashes()
    visitor.hearDigests(MALLORY, [4])
    const outputs = visitor.deliver(MALLORY)
    expect(pick(outputs, 'disconnect')).toEqual([{ type: 'disconnect', peer: MALLORY }])
    expect(visitor.kept).toEqual([])
    expect(visitor.handle({ type: 'linkOpened', peer: MALLORY })).toEqual([
      { type: 'disconnect', peer: MALLORY },
    ])
  })

  it('that left before its chunk was hashed cannot be held to its word: the chunk is fetched again', () => {
    const visitor = visitorWithoutHashes()
    visitor.hearDigests(ANNA, [4])
    visitor.hashes = false
    visitor.deliver(ANNA)
    visitor.handle({ type: 'linkClosed', peer: ANNA })
    visitor.hearDigests(BERT, [4])
    expect(visitor.askedOf(BERT)).toEqual([])
    const source: ChunkSource = { kind: 'peer', peer: ANNA }
    expect(pick(visitor.digest(4, source), 'discard')).toEqual([{ type: 'discard', chunk: 4, source }])
    expect(visitor.askedOf(BERT)).toEqual([4])
    expect(pick(visitor.handle({ type: 'linkOpened', peer: ANNA }), 'disconnect')).toEqual([])
  })
})

describe('a chunk that two neighbours disagree about', () => {
  it('is asked of nobody any more, and nobody is banned', () => {
    const visitor = visitorWithoutHashes()
    visitor.hearDigests(ANNA, [4])
    const outputs = visitor.hearDigests(MALLORY, [4], forgedDigest)
    expect(sent(outputs, 'cancel')).toEqual([{ peer: ANNA, message: { type: 'cancel', chunks: [4] } }])
    visitor.hearDigests(BERT, [4])
    expect(sent(visitor.outputs, 'request')).toHaveLength(1)
    expect(visitor.all('disconnect')).toEqual([])
  })

  it('is fetched from the origin, though neighbours have it', () => {
    const visitor = visitorWithoutHashes({ limits: { originLoad: 'full' } })
    for (const who of [ANNA, BERT]) visitor.hearDigests(who, range(0, CHUNKS))
    // The first run, from before the neighbours were met, is needless now.
    visitor.openRun(0)
    visitor.bring(0, 1)
    visitor.hearDigests(MALLORY, [4], forgedDigest)
    const outputs = visitor.pass(1000)
    const run = pick([...visitor.outputs, ...outputs], 'fetch').find(({ firstChunk }) => firstChunk === 4)
    expect(run?.lastByte).toBe(5 * CHUNK_BYTES - 1)
    visitor.openRun(run?.run ?? -1)
    visitor.bring(run?.run ?? -1, 1)
    expect(visitor.kept).toContain(4)
  })

  it('is given up where it was kept already', () => {
    const visitor = visitorWithoutHashes()
    visitor.hearDigests(ANNA, [4])
    visitor.deliver(ANNA)
    expect(visitor.kept).toEqual([4])
    const outputs = visitor.hearDigests(MALLORY, [4], forgedDigest)
    expect(pick(outputs, 'forget')).toEqual([{ type: 'forget', chunk: 4 }])
    expect(visitor.all('disconnect')).toEqual([])
  })

  it('is found out though the first to speak of it has left', () => {
    const visitor = visitorWithoutHashes()
    visitor.hearDigests(ANNA, [4])
    visitor.deliver(ANNA)
    visitor.handle({ type: 'linkClosed', peer: ANNA })
    expect(pick(visitor.hearDigests(MALLORY, [4], forgedDigest), 'forget')).toHaveLength(1)
  })

  it('is not kept when it arrives while in doubt', () => {
    const visitor = visitorWithoutHashes()
    visitor.hearDigests(ANNA, [4])
    visitor.hashes = false
    visitor.deliver(ANNA)
    visitor.hearDigests(MALLORY, [4], forgedDigest)
    visitor.digest(4, { kind: 'peer', peer: ANNA })
    expect(visitor.kept).toEqual([])
  })

  it('is beyond doubt once the origin has brought it', () => {
    const visitor = new Visitor({ verification: 'sendersDigest', fileIsHashed: true, digestOf })
    visitor.start()
    visitor.welcome({ swarmSize: 3, facts: FACTS })
    visitor.openRun(0)
    visitor.bring(0, 5)
    visitor.meet(MALLORY, FACTS)
    expect(pick(visitor.hearDigests(MALLORY, [4], forgedDigest), 'forget')).toEqual([])
    expect(visitor.kept).toContain(4)
  })

  it('is told with the digest of its own bytes, not of anybody’s word', () => {
    const visitor = visitorWithoutHashes()
    visitor.hearDigests(ANNA, [4])
    visitor.deliver(ANNA)
    visitor.pass(100)
    visitor.handle({ type: 'linkClosed', peer: BERT })
    const greeting = sent(visitor.meet(BERT, FACTS, { features: 1 }), 'have')
    expect(greeting.map(({ message }) => message)).toEqual([
      { type: 'have', chunks: [4], digests: digestsOf([4]) },
    ])
  })
})

describe('a neighbour that disagrees about every chunk', () => {
  it('is let go once the origin has proved it wrong three times, and the rest is the mesh’s again', () => {
    const visitor = visitorWithoutHashes({ limits: { originLoad: 'full' } })
    visitor.openRun(0)
    for (const who of [ANNA, BERT]) visitor.hearDigests(who, range(0, CHUNKS))
    visitor.hearDigests(MALLORY, range(0, CHUNKS), forgedDigest)
    expect(visitor.askedOf(ANNA)).toEqual([])
    const brought = new Map<number, number>()
    for (let step = 0; step < 40 && visitor.all('disconnect').length === 0; step++) {
      const { run, firstChunk, lastByte } = visitor.latestRun
      const end = lastByte === null ? CHUNKS : (lastByte + 1) / CHUNK_BYTES
      const next = brought.get(run) ?? firstChunk
      brought.set(run, next + 1)
      if (next === firstChunk) visitor.openRun(run)
      if (next < end) visitor.bring(run, 1)
      if (next === end) visitor.endRun(run)
      visitor.pass(500)
    }
    expect(visitor.all('disconnect')).toEqual([{ type: 'disconnect', peer: MALLORY }])
    expect(visitor.kept.length).toBeLessThan(6)
    expect(visitor.askedOf(ANNA).length + visitor.askedOf(BERT).length).toBeGreaterThan(0)
  })
})
