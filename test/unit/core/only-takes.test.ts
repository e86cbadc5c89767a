import { describe, expect, it } from 'vitest'

import { allBut, type Mechanism } from '../../../src/core/mechanisms.ts'
import { Neighbour } from '../../../src/core/mesh/neighbour.ts'
import { onlyTakes } from '../../../src/core/mesh/only-takes.ts'
import { newContext, newInventory } from './parts.ts'
import { CHUNK_BYTES, peer, range } from './shapes.ts'

const CHUNKS = 100
const STARTED_AT_MS = 50_000

/** Whether it is taken for a taker so long after our start, when it was asked at `askedMs` and we keep so many chunks. */
function isSuspected(
  afterMs: number,
  {
    askedMs = 0,
    kept = 50,
    gave = false,
    refused = false,
    isAmongTakers = false,
    usualMs = 0,
    isBusy = false,
  },
  without: readonly Mechanism[] = [],
): boolean {
  const inventory = newInventory(CHUNKS)
  for (const chunk of range(0, kept)) inventory.markKept(chunk, { kind: 'origin', run: 0 })
  const neighbour = new Neighbour(peer(1), CHUNKS, STARTED_AT_MS)
  neighbour.firstAskedAtMs = STARTED_AT_MS + askedMs
  if (gave) neighbour.noteChunk(CHUNK_BYTES, STARTED_AT_MS)
  neighbour.isDiscounted = refused
  const context = newContext([], { mechanisms: allBut(without) })
  for (const _ of range(0, 10)) context.lateness.note(isBusy ? 50 : 1, STARTED_AT_MS)
  return onlyTakes(
    neighbour,
    inventory,
    { ...context, nowMs: STARTED_AT_MS + afterMs, startedAtMs: STARTED_AT_MS },
    { isAmongTakers, usualMs },
  )
}

describe('who only takes', () => {
  it('is who has given nothing for a fifth of the download’s time', () => {
    // Half of all in 30 s: all take 60 s.
    expect(isSuspected(30_000, { askedMs: 18_000 })).toBe(false)
    expect(isSuspected(30_000, { askedMs: 17_999 })).toBe(true)
  })

  it('is on a busy processor who has given nothing for half of it', () => {
    expect(isSuspected(30_000, { isBusy: true })).toBe(false)
    expect(isSuspected(30_001, { isBusy: true, kept: 50, askedMs: -1 })).toBe(true)
  })

  it('is nobody who was not asked, or gave a single chunk', () => {
    expect(isSuspected(30_000, { askedMs: Infinity })).toBe(false)
    expect(isSuspected(30_000, { gave: true })).toBe(false)
  })

  it('is nobody within a second and a half, however fast all goes', () => {
    expect(isSuspected(1500, { kept: 100 })).toBe(false)
    expect(isSuspected(1501, { kept: 100 })).toBe(true)
  })

  it('has as much time as the slow beginning of a swarm makes it seem', () => {
    expect(isSuspected(30_000, { kept: 1 })).toBe(false)
    expect(isSuspected(30_000, { kept: 0 })).toBe(false)
  })

  it('is at once who let us down', () => {
    expect(isSuspected(100, { refused: true })).toBe(true)
    expect(isSuspected(100, { refused: true, gave: true })).toBe(false)
    expect(isSuspected(100, { refused: true }, ['promptSuspicion'])).toBe(false)
  })

  it('is among takers who takes more than twice the usual time', () => {
    const waited = { isAmongTakers: true, usualMs: 2000, askedMs: 10_000 }
    expect(isSuspected(14_000, waited)).toBe(false)
    expect(isSuspected(14_001, waited)).toBe(true)
    expect(isSuspected(14_001, { ...waited, gave: true })).toBe(false)
    expect(isSuspected(14_001, { ...waited, isAmongTakers: false })).toBe(false)
    expect(isSuspected(14_001, waited, ['promptSuspicion'])).toBe(false)
  })

  it('is among takers nobody within a second and a half', () => {
    expect(isSuspected(1500, { isAmongTakers: true, usualMs: 10 })).toBe(false)
  })
})
