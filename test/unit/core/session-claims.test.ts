import { describe, expect, it } from 'vitest'

import type { PeerId } from '../../../src/core/types.ts'
import { CHUNK_BYTES, fileOf, peer, range } from './shapes.ts'
import { claimOf, firstOfTwo, lateVisitor, pick, SELF, sent, Visitor } from './visitor.ts'

const CHUNKS = 64
const FACTS = fileOf(CHUNKS)
const [ANNA, BERT, CLEO] = [peer(1), peer(2), peer(3)]
/** Not a neighbour of ours; its id is greater than our own. */
const STRANGER = peer(0x900)

function withNeighbours(visitor: Visitor): Visitor {
  for (const who of [ANNA, BERT, CLEO]) visitor.meet(who, FACTS)
  return visitor
}

/** Anna has given so many chunks, from the end of the file. */
function withGiver(visitor: Visitor, chunks: number): Visitor {
  visitor.hearBitfield(ANNA, range(CHUNKS - chunks, CHUNKS), CHUNKS)
  while (visitor.askedOf(ANNA).length > 0) visitor.deliver(ANNA)
  return visitor
}

function runsClaimed(outputs: Parameters<typeof sent>[0], to: PeerId): unknown[] {
  return sent(outputs, 'claim')
    .filter((each) => each.peer === to)
    .map(({ message }) => message.runs)
}

describe('a claim that a neighbour passes on', () => {
  it('is passed on once, to all others, with one hop more', () => {
    const visitor = withNeighbours(lateVisitor(CHUNKS))
    const relayed = claimOf(STRANGER, 1, 10, 4, 4)
    expect(visitor.hear(ANNA, claimOf(STRANGER, 1, 10, 4, 3))).toEqual([
      { type: 'send', peer: BERT, message: relayed },
      { type: 'send', peer: CLEO, message: relayed },
    ])
    expect(visitor.hear(BERT, claimOf(STRANGER, 1, 10, 4, 5))).toEqual([])
    expect(sent(visitor.hear(CLEO, claimOf(STRANGER, 2, 14, 4)), 'claim')).toHaveLength(2)
  })

  it('travels no further than sixteen hops', () => {
    const visitor = withNeighbours(lateVisitor(CHUNKS))
    expect(sent(visitor.hear(ANNA, claimOf(STRANGER, 1, 10, 4, 15)), 'claim')).toHaveLength(2)
    expect(sent(visitor.hear(ANNA, claimOf(STRANGER, 2, 10, 4, 16)), 'claim')).toEqual([])
  })

  it('and is our own is not taken for another’s', () => {
    const visitor = withNeighbours(firstOfTwo(CHUNKS))
    expect(visitor.hear(ANNA, claimOf(SELF, 99, 0, CHUNKS))).toEqual([])
    visitor.openRun(0)
    expect(pick(visitor.bring(0, 8), 'abort')).toEqual([])
  })

  it('is not passed to those who have not said hello', () => {
    const visitor = lateVisitor(CHUNKS)
    visitor.meet(ANNA, FACTS)
    visitor.handle({ type: 'linkOpened', peer: BERT })
    expect(visitor.hear(ANNA, claimOf(STRANGER, 1, 10, 4))).toEqual([])
  })
})

describe('our own claim', () => {
  it('is told to new neighbours', () => {
    const visitor = firstOfTwo(CHUNKS)
    expect(runsClaimed(visitor.meet(ANNA, FACTS), ANNA)).toEqual([[{ start: 0, count: 8 }]])
  })

  it('moves on with the run, and each replaces the one before', () => {
    const visitor = withNeighbours(firstOfTwo(CHUNKS))
    visitor.openRun(0)
    const claims = sent(visitor.bring(0, 7), 'claim').filter((each) => each.peer === ANNA)
    const sequences = claims.map(({ message }) => message.sequence)
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b))
    for (const { message } of claims) {
      expect(message).toMatchObject({ peer: SELF, hops: 1 })
      expect(message.runs[0]?.start).toBeGreaterThan(0)
    }
  })

  it('is renewed before it expires, as long as the run lasts', () => {
    const visitor = withNeighbours(firstOfTwo(CHUNKS))
    const outputs = visitor.pass(10_000)
    expect(runsClaimed(outputs, ANNA).length).toBeGreaterThanOrEqual(4)
  })

  it('is withdrawn when the seat is given up', () => {
    const visitor = withNeighbours(firstOfTwo(CHUNKS))
    visitor.hearHave(ANNA, range(1, CHUNKS))
    visitor.openRun(0)
    const outputs = visitor.bring(0, 1)
    expect(pick(outputs, 'abort')).toHaveLength(1)
    expect(runsClaimed(outputs, BERT).at(-1)).toEqual([])
  })
})

/** Two runs: everything after our first run, but chunks 40 to 43. */
const ALMOST_ALL = {
  ...claimOf(peer(0x100), 1, 0, 0),
  runs: [
    { start: 8, count: 32 },
    { start: 44, count: 20 },
  ],
}

/** How often a run is cut short by a claim, where the mesh has given so many chunks, and the run eight. */
function cutsAfter(given: number): number {
  const visitor = withGiver(withNeighbours(firstOfTwo(CHUNKS)), given)
  visitor.openRun(0)
  visitor.bring(0, 6)
  visitor.hear(ANNA, claimOf(ANNA, 1, 8, CHUNKS - 16))
  visitor.bring(0, 2)
  return pick(visitor.outputs, 'abort').length
}

describe('what others claim', () => {
  it('is not fetched', () => {
    const visitor = withGiver(withNeighbours(firstOfTwo(CHUNKS)), 8)
    visitor.openRun(0)
    visitor.hear(ANNA, ALMOST_ALL)
    const [run] = pick(visitor.bring(0, 8), 'fetch')
    expect(run?.firstByte).toBeGreaterThanOrEqual(40 * CHUNK_BYTES)
    expect(run?.lastByte).toBeLessThan(44 * CHUNK_BYTES)
  })

  it('and not with a seat, where a run was cut short beside as many seats as there are to be', () => {
    const visitor = withGiver(withNeighbours(firstOfTwo(CHUNKS)), 8)
    visitor.welcome({ joinIndex: 0, swarmSize: 20, facts: FACTS })
    visitor.openRun(0)
    visitor.hear(ANNA, { ...ALMOST_ALL, runs: [{ start: 4, count: 36 }] })
    for (const number of range(1, 8)) visitor.hear(ANNA, claimOf(peer(0x100 + number), 1, 44, 4))
    const outputs = visitor.bring(0, 4)
    expect(pick(outputs, 'abort')).toHaveLength(1)
    expect(pick(outputs, 'fetch')).toEqual([])
    expect(runsClaimed(outputs, BERT).at(-1)).toEqual([])
  })

  it('is fetched along by a run that brings far more than the mesh', () => {
    expect(cutsAfter(8)).toBe(1)
    expect(cutsAfter(4)).toBe(0)
  })

  it('is free again when the claim is not renewed', () => {
    const visitor = withNeighbours(firstOfTwo(CHUNKS))
    visitor.openRun(0)
    visitor.bring(0, 8)
    visitor.hear(ANNA, claimOf(STRANGER, 1, 8, CHUNKS - 8))
    expect(pick([...visitor.endRun(0), ...visitor.pass(4999)], 'fetch')).toEqual([])
    expect(pick(visitor.pass(500), 'fetch')).toHaveLength(1)
  })

  it('is free again when the claimer was a neighbour and is gone', () => {
    const visitor = withNeighbours(firstOfTwo(CHUNKS))
    visitor.openRun(0)
    visitor.bring(0, 8)
    visitor.hear(ANNA, claimOf(ANNA, 1, 8, CHUNKS - 8))
    expect(pick([...visitor.endRun(0), ...visitor.pass(1000)], 'fetch')).toEqual([])
    visitor.handle({ type: 'linkClosed', peer: ANNA })
    expect(pick(visitor.pass(500), 'fetch')).toHaveLength(1)
  })

  it('ends our run where both claim the same and the other’s id is smaller', () => {
    const visitor = withGiver(withNeighbours(firstOfTwo(CHUNKS)), 4)
    visitor.openRun(0)
    visitor.bring(0, 2)
    visitor.hear(ANNA, claimOf(ANNA, 1, 4, CHUNKS - 8))
    expect(pick(visitor.bring(0, 1), 'abort')).toEqual([])
    expect(pick(visitor.bring(0, 1), 'abort')).toEqual([{ type: 'abort', run: 0 }])
  })

  it('does not end our run where the other’s id is greater', () => {
    const visitor = withNeighbours(firstOfTwo(CHUNKS))
    visitor.openRun(0)
    visitor.bring(0, 2)
    visitor.hear(ANNA, claimOf(STRANGER, 1, 4, 4))
    expect(pick(visitor.bring(0, 6), 'abort')).toEqual([])
    expect(visitor.kept).toEqual(range(0, 8))
  })

  it('takes the seats: with all of them taken, nobody goes to the origin by the coin', () => {
    const visitor = withNeighbours(lateVisitor(CHUNKS))
    visitor.welcome({ joinIndex: 20, swarmSize: 9, facts: FACTS })
    for (const number of range(0, 8)) visitor.hear(ANNA, claimOf(peer(0x600 + number), 1, number * 2, 2))
    expect(pick(visitor.pass(4500), 'fetch')).toEqual([])
    // Vacated: one place for the only one who waits.
    visitor.hear(ANNA, claimOf(peer(0x600), 2, 0, 0))
    expect(pick(visitor.pass(999), 'fetch')).toHaveLength(1)
  })

  it('does not keep us from the origin if it is never delivered', () => {
    const visitor = withNeighbours(firstOfTwo(CHUNKS))
    visitor.openRun(0)
    visitor.bring(0, 8)
    visitor.hear(ANNA, claimOf(STRANGER, 1, 8, CHUNKS - 8))
    visitor.endRun(0)
    for (const sequence of range(2, 30)) {
      visitor.pass(2000)
      visitor.hear(ANNA, claimOf(STRANGER, sequence, 8, CHUNKS - 8))
    }
    expect(visitor.all('fetch').length).toBeGreaterThan(1)
  })

  it('does not keep us from the origin by seats that nobody holds', () => {
    const visitor = withNeighbours(lateVisitor(CHUNKS))
    visitor.welcome({ joinIndex: 20, swarmSize: 20, facts: FACTS })
    for (const sequence of range(1, 40)) {
      for (const number of range(0, 20)) visitor.hear(ANNA, claimOf(peer(0x600 + number), sequence, 0, 1))
      visitor.pass(2000)
    }
    expect(visitor.all('fetch').length).toBeGreaterThan(0)
  })
})

describe('a run', () => {
  it('is cut short when its rest has appeared in a mesh that delivers', () => {
    const visitor = new Visitor()
    visitor.start()
    visitor.welcome({ joinIndex: 0, swarmSize: 1000, facts: FACTS })
    withNeighbours(visitor)
    visitor.pass(100)
    visitor.openRun(0)
    visitor.bring(0, 2)
    visitor.hearHave(ANNA, range(8, CHUNKS))
    for (let step = 0; step < 8; step++) {
      visitor.pass(250)
      visitor.deliver(ANNA)
    }
    visitor.hearHave(ANNA, range(3, 8))
    const outputs = visitor.bring(0, 1)
    expect(pick(outputs, 'abort')).toEqual([{ type: 'abort', run: 0 }])
    expect(sent(visitor.outputs, 'request').length).toBeGreaterThan(0)
  })

  it('goes on through what is elsewhere, as long as the mesh gives nothing of it', () => {
    const visitor = withNeighbours(firstOfTwo(CHUNKS))
    visitor.pass(2000)
    visitor.openRun(0)
    visitor.bring(0, 1)
    for (const _ of range(0, 4)) {
      visitor.pass(1000)
      visitor.bring(0, 1)
    }
    visitor.hearHave(ANNA, range(0, CHUNKS))
    expect(pick(visitor.bring(0, 6), 'abort')).toEqual([])
  })

  it('goes on where a gap in it is too short to be worth a new request', () => {
    const visitor = withNeighbours(firstOfTwo(CHUNKS))
    visitor.openRun(0)
    visitor.bring(0, 2)
    visitor.hearHave(ANNA, [3])
    expect(pick(visitor.bring(0, 3), 'abort')).toEqual([])
  })

  it('asks no neighbour for what it is about to bring', () => {
    const visitor = withNeighbours(firstOfTwo(CHUNKS))
    visitor.hearHave(ANNA, range(0, CHUNKS))
    expect(visitor.askedOf(ANNA).length).toBeGreaterThan(0)
    expect(visitor.askedOf(ANNA).every((chunk) => chunk >= 8)).toBe(true)
  })

  it('that breaks off leaves to neighbours at once what it was about to bring', () => {
    const visitor = withNeighbours(firstOfTwo(CHUNKS))
    visitor.hearHave(ANNA, [3])
    expect(visitor.askedOf(ANNA)).toEqual([])
    visitor.failRun(0, 'busy', 30_000)
    expect(visitor.askedOf(ANNA)).toEqual([3])
  })

  it('that brings a chunk first has it cancelled elsewhere', () => {
    const visitor = new Visitor()
    visitor.start()
    visitor.welcome({ joinIndex: 0, swarmSize: 1, facts: FACTS })
    visitor.pass(100)
    visitor.openRun(0, FACTS.sizeBytes)
    visitor.meet(ANNA, FACTS)
    visitor.hearHave(ANNA, [12])
    expect(visitor.askedOf(ANNA)).toEqual([12])
    const outputs = visitor.bring(0, 13)
    expect(sent(outputs, 'cancel')).toEqual([{ peer: ANNA, message: { type: 'cancel', chunks: [12] } }])
    expect(visitor.kept).toContain(12)
    expect(visitor.askedOf(ANNA)).toEqual([])
  })
})

describe('an echo of our own claims', () => {
  it('from a smaller id neither starves us nor makes us storm the origin', () => {
    const visitor = withNeighbours(firstOfTwo(CHUNKS))
    const echo = peer(0)
    for (let step = 0; step < 200 && visitor.all('complete').length === 0; step++) {
      const said = sent(visitor.outputs, 'claim').at(-1)?.message
      if (said !== undefined && said.runs.length > 0) {
        const [run] = said.runs
        if (run !== undefined) visitor.hear(ANNA, claimOf(echo, step + 1, run.start, run.count))
      }
      const { run, firstChunk, lastByte } = visitor.latestRun
      const isOpen = visitor.all('abort').every((abort) => abort.run !== run)
      if (!isOpen) {
        visitor.pass(300)
        continue
      }
      visitor.openRun(run)
      const end = lastByte === null ? CHUNKS : (lastByte + 1) / CHUNK_BYTES
      for (let chunk = firstChunk; chunk < end; chunk++) {
        visitor.pass(100)
        visitor.bring(run, 1)
      }
      if (visitor.all('abort').every((abort) => abort.run !== run)) visitor.endRun(run)
      visitor.pass(10)
    }
    expect(visitor.all('complete')).toHaveLength(1)
    expect(visitor.all('fetch').length).toBeLessThan(20)
  })
})
