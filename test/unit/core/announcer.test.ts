/** What neighbours are told of our chunks, and when: seen from outside, in a session. */

import { describe, expect, it } from 'vitest'

import { FEATURE, type Hello } from '../../../src/core/wire/peer-messages.ts'
import { fileOf, peer, range } from './shapes.ts'
import { lateVisitor, sent, type Visitor } from './visitor.ts'

const CHUNKS = 100
const FACTS = fileOf(CHUNKS)
/** Gives us chunks; hears of them like everybody else. */
const ANNA = peer(1)
const BERT = peer(2)
/** News that concern a neighbour in no way are withheld until there are so many. */
const MAX_WITHHELD = 16
/** News wait so long for company, in ms. */
const BATCH_MS = 20

/** Has nothing yet; Bert holds these. */
function visitorBeside(held: readonly number[], hello: Partial<Hello> = {}): Visitor {
  const visitor = lateVisitor(CHUNKS)
  visitor.meet(ANNA, FACTS)
  visitor.meet(BERT, FACTS, hello)
  if (held.length > 0) visitor.hearBitfield(BERT, held, CHUNKS)
  visitor.pass(1000)
  return visitor
}

/** These come to be kept, one after the other, each too long after the one before to be told with it. */
function gain(visitor: Visitor, ...chunks: readonly number[]): void {
  for (const chunk of chunks) {
    visitor.handle({ type: 'restoring', chunks: [chunk] })
    visitor.digest(chunk, { kind: 'store' })
    visitor.pass(2 * BATCH_MS)
  }
}

/** Has three chunks; two others are being sent what they asked for, and Bert waits for chunk 2. */
function withBertWaiting(): Visitor {
  const visitor = visitorBeside([])
  for (const other of [peer(11), peer(12), peer(13)]) {
    visitor.meet(other, FACTS)
    visitor.hearBitfield(other, range(20, 30), CHUNKS)
  }
  gain(visitor, 0, 1, 2)
  for (const [place, asker] of [peer(11), peer(12), BERT].entries())
    visitor.hear(asker, { type: 'request', chunks: [place] })
  return visitor
}

/** What the neighbour has been told, message by message. */
function told(visitor: Visitor, to = BERT): (readonly number[])[] {
  return sent(visitor.outputs, 'have').flatMap((each) => (each.peer === to ? [each.message.chunks] : []))
}

describe('a chunk that is new here', () => {
  it('is told at once to a neighbour that lacks it', () => {
    const visitor = visitorBeside([])
    gain(visitor, 3, 4)
    expect(told(visitor)).toEqual([[3], [4]])
  })

  it('is told with those that come within 20 ms', () => {
    const visitor = visitorBeside([])
    gain(visitor, 3)
    visitor.handle({ type: 'restoring', chunks: [4, 5, 6] })
    for (const chunk of [4, 5, 6]) {
      visitor.digest(chunk, { kind: 'store' })
      visitor.pass(BATCH_MS / 4)
    }
    visitor.pass(BATCH_MS)
    expect(told(visitor)).toEqual([[3], [4], [5, 6]])
  })

  it('is not told at once to a neighbour that holds it, though to the others', () => {
    const visitor = visitorBeside(range(0, 50))
    gain(visitor, 3, 4, 5)
    expect(told(visitor)).toEqual([])
    expect(told(visitor, ANNA)).toEqual([[3], [4], [5]])
  })

  it('is told to that neighbour, too, when it is the last: who has everything says so', () => {
    const visitor = visitorBeside(range(0, CHUNKS))
    gain(visitor, ...range(0, CHUNKS))
    expect(told(visitor).flat()).toEqual(range(0, CHUNKS))
    expect(told(visitor).at(-1)).toEqual(range(96, CHUNKS))
  })

  it('is told to that neighbour, too, with the next news that concern it', () => {
    const visitor = visitorBeside(range(0, 50))
    gain(visitor, 3, 4, 70, 5, 71)
    expect(told(visitor)).toEqual([
      [3, 4, 70],
      [5, 71],
    ])
  })

  it('or when sixteen have come together, and then no more before the next sixteen', () => {
    const visitor = visitorBeside(range(0, 50))
    gain(visitor, ...range(0, MAX_WITHHELD - 1))
    expect(told(visitor)).toEqual([])
    gain(visitor, MAX_WITHHELD - 1)
    expect(told(visitor)).toEqual([range(0, MAX_WITHHELD)])
    gain(visitor, ...range(MAX_WITHHELD, 2 * MAX_WITHHELD))
    expect(told(visitor)).toEqual([range(0, MAX_WITHHELD), range(MAX_WITHHELD, 2 * MAX_WITHHELD)])
  })

  it('is told to everybody by the end, whatever each of them holds', () => {
    for (const held of [[], range(0, 10), range(5, 60), range(0, CHUNKS)]) {
      const visitor = visitorBeside(held)
      gain(visitor, ...range(0, 80))
      const known = new Set(told(visitor).flat())
      expect(told(visitor).flat()).toHaveLength(known.size)
      expect(range(0, 80).filter((chunk) => !known.has(chunk)).length).toBeLessThan(MAX_WITHHELD)
      for (const chunk of range(0, 80)) if (!held.includes(chunk)) expect(known.has(chunk)).toBe(true)
    }
  })

  it('is told to one who waits its turn when that comes, unless it is rare', () => {
    const visitor = withBertWaiting()
    gain(visitor, 20, 21, 5, 22)
    expect(told(visitor).slice(3)).toEqual([[20, 21, 5]])
    visitor.handle({ type: 'served', peer: peer(11), chunk: 0 })
    expect(told(visitor).slice(3)).toEqual([[20, 21, 5], [22]])
  })

  it('is told to one who waited and does not any more: it took its wish back, or we cannot fulfil it', () => {
    for (const end of [
      (visitor: Visitor): unknown => visitor.hear(BERT, { type: 'cancel', chunks: [2] }),
      (visitor: Visitor): unknown => visitor.handle({ type: 'chunkLost', chunk: 2 }),
    ]) {
      const visitor = withBertWaiting()
      gain(visitor, 20, 21)
      expect(told(visitor).slice(3)).toEqual([])
      end(visitor)
      expect(told(visitor).slice(3)).toEqual([[20, 21]])
    }
  })

  it('is not told where it has been lost meanwhile', () => {
    const visitor = visitorBeside(range(0, 50))
    gain(visitor, 3, 4)
    visitor.handle({ type: 'chunkLost', chunk: 3 })
    gain(visitor, 70)
    expect(told(visitor)).toEqual([[4, 70]])
  })

  it('is told with its digest, four at a time, to a neighbour that verifies by digests, even if it holds them', () => {
    const visitor = visitorBeside([], { features: FEATURE.wantsDigests })
    visitor.hearHave(BERT, range(0, 50))
    gain(visitor, 3, 4, 5)
    expect(told(visitor)).toEqual([])
    gain(visitor, 6)
    expect(told(visitor)).toEqual([[3, 4, 5, 6]])
    expect(sent(visitor.outputs, 'have').find((each) => each.peer === BERT)?.message.digests).toHaveLength(
      128,
    )
  })
})
