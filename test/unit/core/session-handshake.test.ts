import { describe, expect, it } from 'vitest'

import { FEATURE } from '../../../src/core/wire/peer-messages.ts'
import { bitsOf, CHUNK_BYTES, digestsOf, fileOf, peer, range } from './shapes.ts'
import { lateVisitor, pick, sent, Visitor } from './visitor.ts'

const CHUNKS = 20
const FACTS = fileOf(CHUNKS)
const ANNA = peer(1)
const BERT = peer(2)
const ROOT = 'a'.repeat(64)
const OTHER_ROOT = 'b'.repeat(64)

/** Holds the chunks 0 to 3, fresh from the origin, and is about to get more. */
function visitorWithFour(): Visitor {
  const visitor = new Visitor({ locator: null })
  visitor.start()
  visitor.openRun(0, FACTS.sizeBytes)
  visitor.bring(0, 4)
  visitor.pass(1000)
  return visitor
}

describe('the hello', () => {
  it('is said when the link opens, with the facts of the file', () => {
    const visitor = lateVisitor(CHUNKS)
    expect(visitor.handle({ type: 'linkOpened', peer: ANNA })).toEqual([
      { type: 'send', peer: ANNA, message: { type: 'hello', version: 1, features: 0, ...FACTS } },
    ])
  })

  it('waits until the facts are known, and is said once', () => {
    const visitor = new Visitor()
    visitor.start()
    expect(visitor.handle({ type: 'linkOpened', peer: ANNA })).toEqual([])
    expect(sent(visitor.handle({ type: 'factsTold', facts: FACTS }), 'hello')).toHaveLength(1)
    expect(sent(visitor.meet(BERT, FACTS), 'hello')).toHaveLength(1)
    expect(sent(visitor.outputs, 'hello')).toHaveLength(2)
  })

  it('asks for digests where the page has no chunk hashes', () => {
    const visitor = lateVisitor(CHUNKS, { verification: 'sendersDigest', fileIsHashed: true })
    const [hello] = sent(visitor.handle({ type: 'linkOpened', peer: ANNA }), 'hello')
    expect(hello?.message.features).toBe(FEATURE.wantsDigests)
  })

  it('of a neighbour tells the file’s facts to a visitor who does not know them', () => {
    const visitor = new Visitor()
    visitor.start()
    const outputs = visitor.meet(ANNA, FACTS)
    expect(pick(outputs, 'sized')).toEqual([{ type: 'sized', facts: FACTS }])
    expect(sent(outputs, 'hello')).toHaveLength(1)
    expect(visitor.session.neighbours.get(ANNA)?.isReady).toBe(true)
  })

  it.each([
    ['another size', { sizeBytes: FACTS.sizeBytes + 1 }],
    ['another chunk size', { chunkBytes: CHUNK_BYTES * 2 }],
    ['another validator', { validator: '"v2"' }],
    ['another version of the protocol', { version: 2 }],
  ])('with %s ends the link', (_name, hello) => {
    const visitor = lateVisitor(CHUNKS)
    expect(pick(visitor.meet(ANNA, FACTS, hello), 'disconnect')).toEqual([{ type: 'disconnect', peer: ANNA }])
    expect(visitor.session.neighbours.size).toBe(0)
  })

  it('with another root ends the link, whatever the validator', () => {
    const visitor = new Visitor({ facts: { ...FACTS, root: ROOT } })
    visitor.start()
    visitor.welcome({ swarmSize: 3 })
    expect(pick(visitor.meet(ANNA, FACTS, { root: OTHER_ROOT }), 'disconnect')).toHaveLength(1)
  })

  it.each([
    ['an unknown validator', { validator: null }],
    ['an unknown root', { root: null }],
    ['features that this version does not know', { features: 0xffff_fff0 }],
  ])('with %s is welcome', (_name, hello) => {
    const visitor = new Visitor({ facts: { ...FACTS, root: ROOT } })
    visitor.start()
    visitor.welcome({ swarmSize: 3 })
    visitor.meet(ANNA, FACTS, hello)
    expect(visitor.session.neighbours.get(ANNA)?.isReady).toBe(true)
  })

  it('with the same root is welcome though the validator differs, as on another node of a CDN', () => {
    const visitor = new Visitor({ facts: { ...FACTS, root: ROOT } })
    visitor.start()
    visitor.welcome({ swarmSize: 3 })
    visitor.meet(ANNA, FACTS, { root: ROOT, validator: '"v2"' })
    expect(visitor.session.neighbours.get(ANNA)?.isReady).toBe(true)
  })

  it('of an unfit neighbour is no reason never to meet it again', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.meet(ANNA, FACTS, { validator: '"v2"' })
    expect(pick(visitor.handle({ type: 'linkOpened', peer: ANNA }), 'disconnect')).toEqual([])
  })
})

describe('what we hold', () => {
  it('is told to a new neighbour in one bit field', () => {
    const outputs = visitorWithFour().meet(ANNA, FACTS)
    expect(sent(outputs, 'bitfield').map(({ message }) => message.bits)).toEqual([
      bitsOf(range(0, 4), CHUNKS),
    ])
    expect(sent(outputs, 'have')).toEqual([])
  })

  it('is told with digests to a neighbour that wants them', () => {
    const outputs = visitorWithFour().meet(ANNA, FACTS, { features: FEATURE.wantsDigests })
    expect(sent(outputs, 'bitfield')).toEqual([])
    expect(sent(outputs, 'have').map(({ message }) => message)).toEqual([
      { type: 'have', chunks: range(0, 4), digests: digestsOf(range(0, 4)) },
    ])
  })

  it('is not spoken of where it is nothing', () => {
    const outputs = lateVisitor(CHUNKS).meet(ANNA, FACTS)
    expect(sent(outputs, 'bitfield')).toEqual([])
    expect(sent(outputs, 'have')).toEqual([])
  })

  it('is told chunk by chunk from then on, each neighbour in the form it wants', () => {
    const visitor = visitorWithFour()
    visitor.meet(ANNA, FACTS)
    visitor.meet(BERT, FACTS, { features: FEATURE.wantsDigests })
    expect(sent(visitor.bring(0, 1), 'have')).toEqual([
      { peer: ANNA, message: { type: 'have', chunks: [4], digests: null } },
      { peer: BERT, message: { type: 'have', chunks: [4], digests: digestsOf([4]) } },
    ])
  })

  it('is told in batches where it comes in bursts', () => {
    const visitor = visitorWithFour()
    visitor.meet(ANNA, FACTS)
    expect(sent(visitor.bring(0, 5), 'have').map(({ message }) => message.chunks)).toEqual([[4]])
    expect(sent(visitor.pass(19), 'have')).toEqual([])
    expect(sent(visitor.pass(1), 'have').map(({ message }) => message.chunks)).toEqual([[5, 6, 7, 8]])
  })

  it('is not told of a chunk that was given up before its batch went out', () => {
    const visitor = visitorWithFour()
    visitor.meet(ANNA, FACTS)
    visitor.bring(0, 3)
    visitor.handle({ type: 'chunkLost', chunk: 5 })
    expect(sent(visitor.pass(20), 'have').map(({ message }) => message.chunks)).toEqual([[6]])
  })

  it('is told in messages of at most 1,024 chunks', () => {
    const chunks = 1500
    const visitor = new Visitor({ locator: null })
    visitor.start()
    visitor.openRun(0, fileOf(chunks).sizeBytes)
    visitor.bring(0, chunks)
    const outputs = visitor.meet(ANNA, fileOf(chunks), { features: FEATURE.wantsDigests })
    expect(sent(outputs, 'have').map(({ message }) => message.chunks.length)).toEqual([1024, 476])
  })
})
