import { describe, expect, it } from 'vitest'

import { FirstCopies } from '../../../src/core/origin/first-copies.ts'
import { peer, range } from './shapes.ts'

const CHUNKS = 500
const ANNA = peer(1)
const BERT = peer(2)
const PATIENCE_MS = 5000

function newCopies(): FirstCopies {
  const copies = new FirstCopies()
  copies.equip(CHUNKS)
  return copies
}

/** So many chunks entered, and a neighbour had each of them so long after. */
function usually(tookMs: number, chunks = 200): FirstCopies {
  const copies = newCopies()
  copies.hear(ANNA, [{ start: 0, count: chunks }], 0)
  for (const chunk of range(0, chunks)) copies.noteArrival(chunk, tookMs)
  return copies
}

/** How long a chunk heard of now is expected, to the millisecond. */
function patienceOf(copies: FirstCopies): number {
  const chunk = CHUNKS - 1
  copies.hear(ANNA, [{ start: chunk, count: 1 }], 100_000)
  let [low, high] = [0, 1_000_000]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (copies.isExpected(chunk, 100_000 + middle)) low = middle
    else high = middle
  }
  return high
}

describe('first copies', () => {
  it('are expected from when they are heard of, and no others', () => {
    const copies = newCopies()
    copies.hear(
      ANNA,
      [
        { start: 2, count: 3 },
        { start: 9, count: 1 },
      ],
      1000,
    )
    expect(range(0, 12).filter((chunk) => copies.isExpected(chunk, 1000))).toEqual([2, 3, 4, 9])
    expect(copies.isExpected(CHUNKS + 7, 1000)).toBe(false)
  })

  it('that no neighbour comes to have are absent again after five seconds', () => {
    const copies = newCopies()
    copies.hear(ANNA, [{ start: 2, count: 1 }], 1000)
    expect(copies.isExpected(2, 1000 + PATIENCE_MS - 1)).toBe(true)
    expect(copies.isExpected(2, 1000 + PATIENCE_MS)).toBe(false)
  })

  it('that went with a neighbour in peace and come again say nothing of how long they take', () => {
    const copies = usually(4000)
    const patienceMs = patienceOf(copies)
    for (const chunk of range(0, 200)) copies.noteArrival(chunk, 60_000)
    expect(patienceOf(copies)).toBe(patienceMs)
  })

  it('told again are no younger for it', () => {
    const copies = newCopies()
    copies.hear(ANNA, [{ start: 2, count: 1 }], 1000)
    copies.hear(ANNA, [{ start: 2, count: 1 }], 4000)
    expect(copies.isExpected(2, 1000 + PATIENCE_MS)).toBe(false)
  })

  it('are waited for as long as there is enough to get from neighbours meanwhile', () => {
    const copies = newCopies()
    copies.hear(ANNA, [{ start: 2, count: 1 }], 0)
    const patienceMs = copies.patienceMs(80_000)
    expect(copies.isExpected(2, 59_999, patienceMs)).toBe(true)
    expect(copies.isExpected(2, 60_000, patienceMs)).toBe(false)
    expect(copies.isExpected(3, 0, patienceMs)).toBe(false)
  })

  it('take longer to come near in a crowd: a doubling more for every twofold, until it is known how long', () => {
    const patienceMs = [1, 2, 4, 64, 1024].map((peers) => newCopies().patienceMs(0, peers))
    expect(patienceMs).toEqual([5000, 5000, 6000, 18_000, 30_000])
    expect(newCopies().patienceMs(0, 1e9)).toBe(60_000)
    expect(usually(4000).patienceMs(0, 1024)).toBe(16_000)
  })

  it('whose last holder near us has gone are absent, until they are heard of again', () => {
    const copies = newCopies()
    copies.hear(ANNA, [{ start: 2, count: 2 }], 0)
    copies.forget(2)
    expect(copies.isExpected(2, 1)).toBe(false)
    expect(copies.isExpected(3, 1)).toBe(true)
    copies.hear(ANNA, [{ start: 2, count: 1 }], 2)
    expect(copies.isExpected(2, 3)).toBe(true)
  })

  it('have five seconds before it is known what is usual, and two where they usually come at once', () => {
    expect(patienceOf(newCopies())).toBe(PATIENCE_MS)
    expect(patienceOf(usually(10, 19))).toBe(PATIENCE_MS)
    expect(patienceOf(usually(10, 20))).toBe(2000)
  })

  it('have four times the usual where they take their time', () => {
    expect(patienceOf(usually(4000))).toBe(16_000)
  })

  it('are usual by the latest that entered, not by the last to come', () => {
    const copies = newCopies()
    for (const chunk of range(0, 100)) {
      copies.hear(ANNA, [{ start: chunk, count: 1 }], 0)
      // Every fourth is kept by whoever fetched it, and fetched again much later.
      if (chunk % 4 > 0) copies.noteArrival(chunk, 1000)
    }
    for (const chunk of range(0, 100)) copies.noteArrival(chunk, 50_000)
    expect(copies.patienceMs(0)).toBe(4000)
  })

  it('were expected in vain once another fetches them, until a neighbour has one', () => {
    const copies = newCopies()
    copies.hear(ANNA, [{ start: 2, count: 1 }], 0)
    copies.hear(BERT, [{ start: 2, count: 1 }], PATIENCE_MS - 1)
    expect(copies.wasInVain(2)).toBe(false)
    copies.hear(BERT, [{ start: 2, count: 2 }], PATIENCE_MS)
    expect(range(0, 5).filter((chunk) => copies.wasInVain(chunk))).toEqual([2])
    copies.noteArrival(2, PATIENCE_MS + 1)
    expect(copies.wasInVain(2)).toBe(false)
  })

  it('were not in vain where but the same one tells of them again and again', () => {
    const copies = newCopies()
    for (const told of range(0, 5)) copies.hear(ANNA, [{ start: 2, count: 1 }], told * PATIENCE_MS)
    expect(copies.wasInVain(2)).toBe(false)
  })

  it('that a neighbour had before anybody told of them were not in vain, when it has gone', () => {
    const copies = newCopies()
    copies.noteArrival(2, 0)
    copies.hear(ANNA, [{ start: 2, count: 1 }], 1000)
    copies.hear(BERT, [{ start: 2, count: 1 }], 1000 + PATIENCE_MS)
    copies.forget(2)
    copies.hear(ANNA, [{ start: 2, count: 1 }], 60_000)
    expect(copies.wasInVain(2)).toBe(false)
    expect(copies.isExpected(2, 60_001)).toBe(true)
  })

  it('that a neighbour had, and that are heard of again, were not in vain', () => {
    const copies = newCopies()
    copies.hear(ANNA, [{ start: 2, count: 1 }], 0)
    copies.noteArrival(2, 1000)
    copies.hear(BERT, [{ start: 2, count: 1 }], 60_000)
    expect(copies.wasInVain(2)).toBe(false)
  })

  it('have hardly more for a single late one', () => {
    expect(patienceOf(usually(10_000, 1))).toBe(PATIENCE_MS)
  })

  it('that were never told of say nothing of what is usual', () => {
    const copies = newCopies()
    for (const chunk of range(0, 200)) copies.noteArrival(chunk, 60_000)
    expect(patienceOf(copies)).toBe(PATIENCE_MS)
  })
})
