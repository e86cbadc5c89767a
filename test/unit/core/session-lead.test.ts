import { describe, expect, it } from 'vitest'

import { CHUNK_BYTES, fileOf, peer, range } from './shapes.ts'
import { firstOfTwo, type Visitor } from './visitor.ts'

const CHUNKS = 1000
const FACTS = fileOf(CHUNKS)
const ANNA = peer(1)
const LAST = CHUNKS - 1
/** Where our run will come to in the end, but not the end of it. */
const FAR = range(500, 700)

const STEP_MS = 100

interface Pace {
  /** Chunks that our run brings in each step of 100 ms. */
  readonly run: number
  /** Steps that Anna takes for a chunk. */
  readonly annaTakes?: number
}

/** Anna's usual is ten chunks a second: this is three times as much, this six times. */
const THREEFOLD: Pace = { run: 3 }
const SIXFOLD: Pace = { run: 6 }

/** One of two, at work with its own run from the first chunk on; so everybody fetches, and the mesh fills the far end. */
function visitorBesideAnna(): Visitor {
  const visitor = firstOfTwo(CHUNKS)
  visitor.openRun(0)
  visitor.meet(ANNA, FACTS)
  visitor.hearHave(ANNA, FAR)
  return visitor
}

/** So much time passes. Anna sends what is farthest first. */
function goOn(visitor: Visitor, { run, annaTakes = 1 }: Pace, forMs: number): void {
  for (const step of range(0, forMs / STEP_MS)) {
    visitor.pass(STEP_MS)
    visitor.bring(0, run)
    const asked = visitor.askedOf(ANNA).at(-1)
    if (asked !== undefined && step % annaTakes === 0) visitor.hearBlock(ANNA, asked)
  }
  expect(visitor.all('abort')).toEqual([])
}

function keptOfFar(visitor: Visitor): number {
  return visitor.kept.filter((chunk) => FAR.includes(chunk)).length
}

describe('beside a run that goes through all of the file', () => {
  it('neighbours are asked for all that they have, the far end first, where it is three times as fast', () => {
    const visitor = visitorBesideAnna()
    goOn(visitor, THREEFOLD, 5000)
    const given = keptOfFar(visitor)
    // The first was drawn before it was known what the origin gives.
    const [, ...asked] = visitor.askedOf(ANNA)
    expect(given).toBe(50)
    expect(asked.length).toBeGreaterThan(0)
    expect(asked).toEqual(FAR.slice(-given - asked.length, -given))
  })

  it('they are asked for anything, where they bring more than a plain download would', () => {
    const visitor = visitorBesideAnna()
    goOn(visitor, { run: 1 }, 5000)
    expect(keptOfFar(visitor)).toBe(50)
    expect(visitor.kept.filter((chunk) => chunk >= 500 && chunk < 600).length).toBeGreaterThan(10)
  })

  it('they are asked for nothing that lies before a gap, where it is six times as fast', () => {
    const visitor = visitorBesideAnna()
    goOn(visitor, SIXFOLD, 5000)
    expect(visitor.askedOf(ANNA)).toEqual([])
    expect(keptOfFar(visitor)).toBeLessThan(30)
  })

  it('then they are asked for what goes on from the end of the file', () => {
    const visitor = visitorBesideAnna()
    goOn(visitor, SIXFOLD, 3000)
    visitor.hearHave(ANNA, [LAST - 2])
    expect(visitor.askedOf(ANNA)).toEqual([])
    visitor.hearHave(ANNA, [LAST])
    expect(visitor.askedOf(ANNA)).toEqual([LAST])
    visitor.hearHave(ANNA, [LAST - 1])
    visitor.hearBlock(ANNA, LAST, 0, CHUNK_BYTES - 1000)
    expect(visitor.askedOf(ANNA)).toEqual([LAST - 2, LAST - 1])
  })

  it('nothing is known of the mesh in its first second, however fast the run is', () => {
    const visitor = visitorBesideAnna()
    goOn(visitor, SIXFOLD, 1000)
    expect(visitor.askedOf(ANNA).length).toBeGreaterThan(0)
    goOn(visitor, SIXFOLD, 2000)
    expect(visitor.askedOf(ANNA)).toEqual([])
  })

  it('the mesh counts for the most that it ever gave', () => {
    const visitor = visitorBesideAnna()
    goOn(visitor, THREEFOLD, 2000)
    goOn(visitor, { ...THREEFOLD, annaTakes: 10 }, 8000)
    expect(visitor.askedOf(ANNA).length).toBeGreaterThan(0)
  })

  it('they are asked again once it has slowed down', () => {
    const visitor = visitorBesideAnna()
    goOn(visitor, SIXFOLD, 3000)
    expect(visitor.askedOf(ANNA)).toEqual([])
    goOn(visitor, { run: 1 }, 5000)
    expect(visitor.askedOf(ANNA).length).toBeGreaterThan(0)
  })
})
