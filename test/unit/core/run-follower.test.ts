import { describe, expect, it } from 'vitest'

import { RunFollower } from '../../../src/core/origin/run-follower.ts'
import { BUSY_SEATS } from '../../../src/core/origin/seat-count.ts'
import { FIRST_SEATS } from '../../../src/core/origin/seat-plan.ts'
import type { ChunkRun } from '../../../src/core/types.ts'
import { originContext } from './parts.ts'
import { ANNA, CHUNKS, Setting } from './seat-setting.ts'
import { CHUNK_BYTES, peer, range } from './shapes.ts'
import { claimOf, pick, sent } from './visitor.ts'

/** Ten chunks a second, so that 40 are claimed ahead, or a few more; at 100 ms, another request costs four to five chunks. */
const ORIGIN_BYTES_PER_SEC = 10 * CHUNK_BYTES
const ROUND_TRIP_MS = 100
/** Where what another claims begins. */
const THEIRS = 60

/**
 * A run from the first chunk that Anna does not have to the end, while another claims so many chunks from `THEIRS` on.
 * `meshShare`: what the mesh gives, as part of what the origin does.
 */
function runAgainst(
  claimed: number,
  { isDuplicate = false, meshShare = 1, roundTripMs = ROUND_TRIP_MS } = {},
): { reserved: number[]; claim: ChunkRun } {
  const setting = new Setting(1, 100)
  const { context, mesh, planner, ledger, inventory, outputs } = setting
  for (const _ of range(0, 50)) {
    setting.goOn(100)
    planner.pace.noteBytes(ORIGIN_BYTES_PER_SEC / 10)
    mesh.requests.noteBytes((meshShare * ORIGIN_BYTES_PER_SEC) / 10)
  }
  planner.pace.noteRoundTrip(roundTripMs)
  setting.claim(range(THEIRS, THEIRS + claimed))
  const follower = new RunFollower(originContext(context), mesh, planner, () => ledger.seatCount.plan)
  follower.equip(setting.view)
  outputs.length = 0
  const run = { start: CHUNKS / 2, count: CHUNKS / 2 }
  follower.open({ run, turnChunks: run.count, isDuplicate })
  const [claim] = sent(outputs, 'claim').flatMap(({ message }) => message.runs)
  if (claim === undefined) throw new Error('Nothing was claimed.')
  return { reserved: range(0, CHUNKS).filter((chunk) => inventory.isReserved(chunk)), claim }
}

describe('what a run reserves and claims ahead', () => {
  it('goes past a few chunks that another claims: to fetch them along is quicker than to ask again', () => {
    const { reserved, claim } = runAgainst(3)
    const end = claim.start + claim.count
    expect(end).toBeGreaterThanOrEqual(90)
    expect(end).toBeLessThan(CHUNKS)
    expect(reserved).toEqual([...range(50, THEIRS), ...range(THEIRS + 3, end)])
  })

  it('ends where another claims so much that the run will be given up there', () => {
    const { reserved, claim } = runAgainst(8)
    expect(reserved).toEqual(range(50, THEIRS))
    expect(claim).toEqual({ start: 50, count: THEIRS - 50 })
  })

  it('does not end there where it brings far more than the mesh, and nothing else is free', () => {
    const [rest, roundTripMs] = [CHUNKS - THEIRS, 10]
    expect(runAgainst(rest, { meshShare: 0.7, roundTripMs }).claim.count).toBe(THEIRS - 50)
    expect(runAgainst(rest, { meshShare: 0.5, roundTripMs }).claim.count).toBeGreaterThanOrEqual(40)
    expect(runAgainst(rest - 1, { meshShare: 0.5, roundTripMs }).claim.count).toBe(THEIRS - 50)
  })

  it('nor where something is free, if another request costs more than a 50th of the ten seconds that the rest takes', () => {
    const [claimed, meshShare] = [CHUNKS - THEIRS - 1, 0.5]
    const counts = [40, 60].map(
      (roundTripMs) => runAgainst(claimed, { meshShare, roundTripMs }).claim.count === THEIRS - 50,
    )
    expect(counts).toEqual([true, false])
  })

  it('reaches a second ahead, not four, where it fetches what others have', () => {
    const { reserved } = runAgainst(0, { isDuplicate: true })
    expect(reserved.length).toBeGreaterThanOrEqual(10)
    expect(reserved.length).toBeLessThan(15)
  })

  it('does not end there where it fetches what others have', () => {
    const { reserved, claim } = runAgainst(8, { isDuplicate: true })
    expect(claim.start + claim.count).toBeGreaterThan(THEIRS)
    expect(reserved).toEqual(range(50, 50 + claim.count))
  })
})

/** One run under way from the middle on, and another asked for after it. */
function ahead(next = 70): { setting: Setting; follower: RunFollower; ids: readonly number[] } {
  const setting = new Setting(1, 100)
  const { context, mesh, planner, ledger, outputs } = setting
  const follower = new RunFollower(originContext(context), mesh, planner, () => ledger.seatCount.plan)
  follower.equip(setting.view)
  for (const start of [50, next])
    follower.open({ run: { start, count: 2 }, turnChunks: 2, isDuplicate: false })
  return { setting, follower, ids: pick(outputs, 'fetch').map(({ run }) => run) }
}

describe('a run that is asked for ahead', () => {
  it('is claimed together with the one under way', () => {
    const { setting } = ahead()
    const claims = sent(setting.outputs, 'claim').map(({ message }) => message.runs)
    expect(claims.at(-1)).toEqual([
      { start: 50, count: 2 },
      { start: 70, count: 2 },
    ])
    expect(range(0, CHUNKS).filter((chunk) => setting.inventory.isReserved(chunk))).toEqual([50, 51, 70, 71])
  })

  it('is the one under way as soon as the other is over', () => {
    const { follower, ids } = ahead()
    const [first = 0, second = 0] = ids
    expect([follower.isAhead(first), follower.isAhead(second)]).toEqual([false, true])
    for (const chunk of [50, 51]) expect(follower.broughtChunk(first, chunk)).toBe(true)
    expect(follower.hasBroughtAll(first)).toBe(true)
    follower.finish(first)
    expect([follower.isOpen, follower.isRun(second), follower.isAhead(second)]).toEqual([true, true, false])
    expect([follower.isReceiving(70), follower.hasBroughtAll(second)]).toEqual([true, false])
  })

  it('may bring chunks before the other is over', () => {
    const { follower, ids } = ahead()
    expect(follower.broughtChunk(ids[1] ?? 0, 70)).toBe(true)
    expect([follower.isFollowing(50), follower.isFollowing(70), follower.isFollowing(71)]).toEqual([
      true,
      false,
      true,
    ])
  })

  it('is closed with the other, and nothing stays reserved', () => {
    const { setting, follower, ids } = ahead()
    follower.abort()
    expect(follower.isOpen).toBe(false)
    expect(new Set(pick(setting.outputs, 'abort').map(({ run }) => run))).toEqual(new Set(ids))
    expect(range(0, CHUNKS).filter((chunk) => setting.inventory.isReserved(chunk))).toEqual([])
  })

  it('leaves its end to another seat, which takes it over', () => {
    const { follower } = ahead()
    follower.endAt(71)
    expect([follower.isFollowing(51), follower.isFollowing(70), follower.isFollowing(71)]).toEqual([
      true,
      true,
      false,
    ])
  })

  it('is not claimed any more once it has brought all, be it the last of the file', () => {
    const { setting, follower, ids } = ahead(CHUNKS - 2)
    for (const chunk of [CHUNKS - 2, CHUNKS - 1]) follower.broughtChunk(ids[1] ?? 0, chunk)
    setting.outputs.length = 0
    follower.renewClaim()
    expect(sent(setting.outputs, 'claim').map(({ message }) => message.runs)).toEqual([
      [{ start: 50, count: 2 }],
    ])
  })

  it('is still claimed where the one before it has brought all', () => {
    const { setting, follower, ids } = ahead()
    for (const chunk of [50, 51]) follower.broughtChunk(ids[0] ?? 0, chunk)
    setting.outputs.length = 0
    follower.renewClaim()
    expect(sent(setting.outputs, 'claim').map(({ message }) => message.runs)).toEqual([
      [{ start: 70, count: 2 }],
    ])
  })

  it('is closed where another seat has taken over, though the one before it is not over', () => {
    const { setting, follower, ids } = ahead()
    follower.endAt(71)
    follower.broughtChunk(ids[1] ?? 0, 70)
    expect(follower.advance()).toBe(true)
    expect(pick(setting.outputs, 'abort').map(({ run }) => run)).toEqual([ids[1]])
    expect(follower.isOpen).toBe(true)
  })
})

/** The claims of a run from there on, beside so many seats. Anna has the first half of the file. */
function saidBeside(seats: number, firstChunk: number, { isBusy } = { isBusy: true }): readonly ChunkRun[] {
  const setting = new Setting(1, 100)
  const { context, mesh, planner, ledger, outputs } = setting
  if (isBusy) for (let ring = 0; ring < 10; ring++) context.lateness.note(50, context.nowMs)
  for (const number of range(0, seats)) setting.gossip.hear(claimOf(peer(0x600 + number), 1, 20, 1), ANNA)
  const follower = new RunFollower(originContext(context), mesh, planner, () => ledger.seatCount.plan)
  follower.equip(setting.view)
  outputs.length = 0
  const run = { start: firstChunk, count: 2 }
  follower.open({ run, turnChunks: 2, isDuplicate: false })
  mesh.floods.onDeadline()
  return sent(outputs, 'claim').flatMap(({ message }) => message.runs)
}

describe('a seat beyond those there are to be', () => {
  it('is claimed for what others have, too, so that the plan is judged by all, and spreads', () => {
    expect(saidBeside(FIRST_SEATS, 0, { isBusy: false })).not.toEqual([])
  })

  it('is on a busy processor claimed only where it brings what nobody has', () => {
    expect(saidBeside(BUSY_SEATS, 0)).toEqual([])
    expect(saidBeside(BUSY_SEATS, CHUNKS / 2)).not.toEqual([])
  })

  it('is none where others are vacant', () => {
    expect(saidBeside(BUSY_SEATS - 1, 0)).not.toEqual([])
  })
})
