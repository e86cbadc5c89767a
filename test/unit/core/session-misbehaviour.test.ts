import { describe, expect, it } from 'vitest'

import type { PeerId } from '../../../src/core/types.ts'
import type { PeerMessage } from '../../../src/core/wire/peer-messages.ts'
import { CHUNK_BYTES, digestsOf, fileOf, forgedDigest, genuineDigest, peer, range } from './shapes.ts'
import { claimOf, lateVisitor, pick, sent, Visitor, type VisitorOptions } from './visitor.ts'

const CHUNKS = 20
const FACTS = fileOf(CHUNKS)
const LAST_CHUNK_BYTES = CHUNK_BYTES - 1000
const ANNA = peer(1)
const BERT = peer(2)
const MALLORY = peer(3)

/** Trades with Mallory, who has everything, and nobody else yet. */
function visitorWithMallory(options: VisitorOptions = {}): Visitor {
  const visitor = lateVisitor(CHUNKS, options)
  visitor.meet(MALLORY, FACTS)
  visitor.hearBitfield(MALLORY, range(0, CHUNKS), CHUNKS)
  return visitor
}

function expectBanned(visitor: Visitor, who: PeerId): void {
  expect(visitor.all('disconnect')).toEqual([{ type: 'disconnect', peer: who }])
  expect(visitor.session.neighbours.has(who)).toBe(false)
  const before = visitor.all('connect').length
  visitor.welcome({ joinIndex: 999, swarmSize: 1000, facts: FACTS, peers: [who] })
  expect(visitor.all('connect')).toHaveLength(before)
  expect(visitor.handle({ type: 'linkOpened', peer: who })).toEqual([{ type: 'disconnect', peer: who }])
  expect(visitor.hearBlock(who, 0)).toEqual([])
}

const outOfRange: [string, PeerMessage][] = [
  ['a block', { type: 'block', chunk: CHUNKS, offsetBytes: 0, payload: { byteLength: 1 } }],
  ['a have', { type: 'have', chunks: [0, CHUNKS], digests: null }],
  ['a request', { type: 'request', chunks: [CHUNKS] }],
  ['a claim', claimOf(ANNA, 1, CHUNKS - 1, 2)],
]

describe('a neighbour is banned, for good, for', () => {
  it('a frame that cannot be parsed', () => {
    const visitor = visitorWithMallory()
    visitor.handle({ type: 'malformed', peer: MALLORY })
    expectBanned(visitor, MALLORY)
  })

  it.each(outOfRange)('%s that names a chunk that does not exist', (_name, message) => {
    const visitor = visitorWithMallory()
    visitor.hear(MALLORY, message)
    expectBanned(visitor, MALLORY)
  })

  it('a block that is longer than its chunk', () => {
    const visitor = visitorWithMallory()
    const [chunk = -1] = visitor.askedOf(MALLORY)
    visitor.hearBlock(MALLORY, chunk, 0, CHUNK_BYTES + 1)
    expectBanned(visitor, MALLORY)
    expect(visitor.all('assemble')).toEqual([])
  })

  it('a block that runs over the end of its chunk', () => {
    const visitor = visitorWithMallory()
    const [chunk = -1] = visitor.askedOf(MALLORY)
    visitor.hearBlock(MALLORY, chunk, 0, CHUNK_BYTES - 1)
    visitor.hearBlock(MALLORY, chunk, CHUNK_BYTES - 1, 2)
    expectBanned(visitor, MALLORY)
    expect(visitor.all('assemble')).toHaveLength(1)
    expect(pick(visitor.outputs, 'discard').map((output) => output.chunk)).toContain(chunk)
  })

  it('more than the rest in the file’s shorter last chunk', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.meet(MALLORY, FACTS)
    visitor.hearHave(MALLORY, [CHUNKS - 1])
    visitor.hearBlock(MALLORY, CHUNKS - 1, 0, LAST_CHUNK_BYTES + 1)
    expectBanned(visitor, MALLORY)
  })

  it('a second bit field', () => {
    const visitor = visitorWithMallory()
    visitor.hearBitfield(MALLORY, [], CHUNKS)
    expectBanned(visitor, MALLORY)
  })

  it('a second bit field, though the first was empty', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.meet(MALLORY, FACTS)
    visitor.hearBitfield(MALLORY, [], CHUNKS)
    visitor.hearBitfield(MALLORY, [1], CHUNKS)
    expectBanned(visitor, MALLORY)
  })

  it('a bit field after a have', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.meet(MALLORY, FACTS)
    visitor.hearHave(MALLORY, [1])
    visitor.hearBitfield(MALLORY, [1, 2], CHUNKS)
    expectBanned(visitor, MALLORY)
  })

  it.each([
    ['of the wrong length', new Uint8Array(2)],
    ['with spare bits set', new Uint8Array([0, 0, 1])],
  ])('a bit field %s', (_name, bits) => {
    const visitor = lateVisitor(CHUNKS)
    visitor.meet(MALLORY, FACTS)
    visitor.hear(MALLORY, { type: 'bitfield', bits })
    expectBanned(visitor, MALLORY)
  })

  it('speaking before it has said hello', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.handle({ type: 'linkOpened', peer: MALLORY })
    visitor.hearHave(MALLORY, [1])
    expectBanned(visitor, MALLORY)
  })

  it('a second hello', () => {
    const visitor = visitorWithMallory()
    visitor.hear(MALLORY, { type: 'hello', version: 1, features: 0, ...FACTS })
    expectBanned(visitor, MALLORY)
  })
})

describe('a neighbour is forgiven', () => {
  it('a block that was never asked for', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.meet(ANNA, FACTS)
    expect(visitor.hearBlock(ANNA, 3)).toEqual([])
    expect(visitor.session.neighbours.has(ANNA)).toBe(true)
  })

  it('a block that crosses the cancel for it', () => {
    const visitor = visitorWithMallory()
    const [chunk = -1] = visitor.askedOf(MALLORY)
    visitor.handle({ type: 'pause' })
    expect(visitor.hearBlock(MALLORY, chunk)).toEqual([])
    expect(visitor.session.neighbours.has(MALLORY)).toBe(true)
  })

  it('the rest of an answer that was cancelled and asked for again', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.meet(ANNA, FACTS)
    visitor.hearHave(ANNA, [4])
    visitor.hearBlock(ANNA, 4, 0, 1000)
    visitor.handle({ type: 'pause' })
    visitor.handle({ type: 'resume' })
    expect(visitor.askedOf(ANNA)).toEqual([4])
    expect(visitor.hearBlock(ANNA, 4, 1000, 1000)).toEqual([])
    expect(pick(visitor.hearBlock(ANNA, 4), 'keep')).toHaveLength(1)
  })

  it('leaving: a goodbye ends the link, and it may come back', () => {
    const visitor = visitorWithMallory()
    expect(pick(visitor.hear(MALLORY, { type: 'goodbye' }), 'disconnect')).toHaveLength(1)
    expect(sent(visitor.handle({ type: 'linkOpened', peer: MALLORY }), 'hello')).toHaveLength(1)
  })
})

describe('a chunk', () => {
  it('that comes in many blocks is put together in order and hashed when it is whole', () => {
    const visitor = visitorWithMallory()
    const [chunk = -1] = visitor.askedOf(MALLORY)
    const outputs = [0, 1, 2, 3].flatMap((part) => {
      const blockBytes = CHUNK_BYTES / 4
      return visitor.hearBlock(MALLORY, chunk, part * blockBytes, blockBytes)
    })
    expect(pick(outputs, 'assemble').map(({ offsetBytes }) => offsetBytes)).toEqual(
      [0, 1, 2, 3].map((part) => (part * CHUNK_BYTES) / 4),
    )
    expect(pick(outputs, 'digest')).toEqual([
      { type: 'digest', chunk, source: { kind: 'peer', peer: MALLORY } },
    ])
    expect(visitor.kept).toEqual([chunk])
  })

  it('with a hole in it is never whole', () => {
    const visitor = visitorWithMallory()
    const [chunk = -1] = visitor.askedOf(MALLORY)
    visitor.hearBlock(MALLORY, chunk, 0, 1000)
    visitor.hearBlock(MALLORY, chunk, 2000, CHUNK_BYTES - 2000)
    expect(visitor.all('assemble')).toHaveLength(1)
    expect(visitor.all('digest')).toEqual([])
  })

  it('that is sent twice from its start is counted once', () => {
    const visitor = visitorWithMallory()
    const [chunk = -1] = visitor.askedOf(MALLORY)
    visitor.hearBlock(MALLORY, chunk, 0, CHUNK_BYTES / 2)
    visitor.hearBlock(MALLORY, chunk, 0, CHUNK_BYTES / 2)
    expect(visitor.all('digest')).toEqual([])
    visitor.hearBlock(MALLORY, chunk, CHUNK_BYTES / 2, CHUNK_BYTES / 2)
    expect(visitor.kept).toEqual([chunk])
  })
})

describe('with a manifest, a wrong chunk', () => {
  const manifest: VisitorOptions = {
    facts: FACTS,
    verification: 'chunkDigests',
    chunkDigests: digestsOf(range(0, CHUNKS)),
    digestOf: (chunk, source) =>
      source.kind === 'peer' && source.peer === MALLORY ? forgedDigest(chunk) : genuineDigest(chunk),
  }

  it('bans its one sender and is asked of another', () => {
    const visitor = visitorWithMallory(manifest)
    const [chunk = -1] = visitor.askedOf(MALLORY)
    visitor.meet(ANNA, FACTS)
    visitor.meet(BERT, FACTS)
    visitor.hearHave(ANNA, [chunk])
    expect(visitor.askedOf(ANNA)).toEqual([])
    const outputs = visitor.hearBlock(MALLORY, chunk)
    expect(pick(outputs, 'discard')).toContainEqual({
      type: 'discard',
      chunk,
      source: { kind: 'peer', peer: MALLORY },
    })
    expect(visitor.askedOf(ANNA)).toEqual([chunk])
    expectBanned(visitor, MALLORY)
    visitor.deliver(ANNA)
    expect(visitor.kept).toEqual([chunk])
  })

  it('of the origin ends the download: nothing else can be had', () => {
    const visitor = new Visitor({ ...manifest, locator: null, digestOf: (chunk) => forgedDigest(chunk) })
    visitor.start()
    visitor.openRun(0, FACTS.sizeBytes)
    expect(pick(visitor.bring(0, 1), 'failed')).toEqual([
      { type: 'failed', failure: 'integrity-mismatch', status: null },
    ])
    expect(visitor.kept).toEqual([])
  })

  it('in the store is fetched again, and nobody is to blame', () => {
    const visitor = new Visitor({ ...manifest, locator: null })
    visitor.start()
    visitor.openRun(0, FACTS.sizeBytes)
    expect(visitor.digest(5, { kind: 'store' }, forgedDigest(5))).toEqual([
      { type: 'discard', chunk: 5, source: { kind: 'store' } },
    ])
    expect(pick(visitor.bring(0, CHUNKS), 'complete')).toHaveLength(1)
  })

  it('is found out even where the sender says that it hashes rightly', () => {
    const visitor = visitorWithMallory(manifest)
    const [chunk = -1] = visitor.askedOf(MALLORY)
    visitor.hearDigests(MALLORY, [chunk])
    visitor.hearBlock(MALLORY, chunk)
    expect(visitor.kept).toEqual([])
    expectBanned(visitor, MALLORY)
  })
})
