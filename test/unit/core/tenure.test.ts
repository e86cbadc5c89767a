import { describe, expect, it } from 'vitest'

import { RunFollower } from '../../../src/core/origin/run-follower.ts'
import { SeatCoin } from '../../../src/core/origin/seat-coin.ts'
import { FIRST_SEATS } from '../../../src/core/origin/seat-plan.ts'
import { type GoingOn, Tenure } from '../../../src/core/origin/tenure.ts'
import { originContext } from './parts.ts'
import { CHUNKS, holderOf, Setting } from './seat-setting.ts'
import { CHUNK_BYTES, peer, range } from './shapes.ts'
import { pick } from './visitor.ts'

/** Beside one seat, in a crowd; so many chunks are neither here, nor with Anna, nor claimed. */
function seatWith(free: number, { isBusy = true, isFirst = false } = {}): boolean {
  const setting = new Setting(0.1)
  const { context, mesh, ledger, planner, inventory, view } = setting
  setting.gossip.noteServerCount(4 * FIRST_SEATS)
  setting.originGives(CHUNK_BYTES)
  setting.claim([CHUNKS - 1])
  for (const chunk of range(CHUNKS / 2 + free, CHUNKS - 1))
    inventory.markKept(chunk, { kind: 'origin', run: 0 })
  if (isBusy) setting.ringLate()
  // Whoever else claims has an id above this one.
  if (isFirst) context.selfId = peer(0)
  const own = originContext(context)
  const follower = new RunFollower(own, mesh, planner, () => ledger.seatCount.plan)
  const tenure = new Tenure(own, mesh, ledger, planner, follower, new SeatCoin(own, mesh, ledger, planner))
  expect(tenure.mustYield(view)).toBe(false)
  return tenure.isOver(view, true)
}

describe('a seat at the end of a run', () => {
  it('is left to another where the processor is busy and that is enough for what is free', () => {
    expect([8, 9].map((free) => seatWith(free))).toEqual([true, false])
    expect(seatWith(8, { isBusy: false })).toBe(false)
  })

  it('is kept where no other comes before it, or nobody would be left', () => {
    expect(seatWith(8, { isFirst: true })).toBe(false)
    expect(seatWith(0, { isFirst: true })).toBe(false)
  })
})

/** Others wait for our seat more than we do. How it goes on, so far into a turn of two chunks, of a response of so many. */
function goesOn(brought: number, lateMs: number, asked = 2): GoingOn {
  const setting = holderOf(20, { swarm: 4 * FIRST_SEATS })
  const { context, mesh, ledger, planner, view, outputs } = setting
  expect(planner.isMoreForOthers(view)).toBe(true)
  setting.ringLate(lateMs)
  const own = originContext(context)
  const follower = new RunFollower(own, mesh, planner, () => ledger.seatCount.plan)
  follower.equip(view)
  follower.open({ run: { start: 90, count: asked }, turnChunks: 2, isDuplicate: false })
  const run = pick(outputs, 'fetch').at(-1)?.run ?? -1
  for (const chunk of range(90, 90 + brought)) follower.broughtChunk(run, chunk)
  const coin = new SeatCoin(own, mesh, ledger, planner)
  return new Tenure(own, mesh, ledger, planner, follower, coin).decide(view)
}

describe('a seat that is more for others', () => {
  it('is given up at once, on a busy processor with the response, as the rest is on its way', () => {
    expect([goesOn(0, 0), goesOn(1, 0), goesOn(3, 0, 8)]).toEqual(['yield', 'yield', 'yield'])
    expect([goesOn(0, 50), goesOn(1, 50), goesOn(2, 50)]).toEqual(['goOn', 'goOn', 'yield'])
    expect([goesOn(2, 50, 8), goesOn(7, 50, 8), goesOn(8, 50, 8)]).toEqual(['goOn', 'goOn', 'yield'])
  })
})

/**
 * There is one seat, and another holds it. How ours goes on after a turn of two chunks, of a response of so many; bytes come every
 * 100 ms, of the last so many after a lull.
 */
function goesOnAsSecond(lateMs: number, asked: number, sinceLull = Infinity): GoingOn {
  const setting = new Setting(0.1)
  const { context, mesh, ledger, planner, view, outputs } = setting
  setting.gossip.noteServerCount(4 * FIRST_SEATS)
  setting.originGives(CHUNK_BYTES)
  ledger.seatCount.hint(1)
  setting.ringLate(lateMs)
  const own = originContext(context)
  const follower = new RunFollower(own, mesh, planner, () => ledger.seatCount.plan)
  follower.equip(view)
  follower.open({ run: { start: 60, count: asked }, turnChunks: 2, isDuplicate: false })
  const run = pick(outputs, 'fetch').at(-1)?.run ?? -1
  follower.opened({ type: 'runOpened', run, sizeBytes: null, whole: false, validator: null })
  for (const left of range(0, 20).reverse()) {
    context.nowMs += left === sinceLull ? 500 : 100
    follower.progressed(run, CHUNK_BYTES / 10)
  }
  for (const chunk of [60, 61]) follower.broughtChunk(run, chunk)
  setting.claim([CHUNKS - 1])
  const coin = new SeatCoin(own, mesh, ledger, planner)
  return new Tenure(own, mesh, ledger, planner, follower, coin).decide(view)
}

describe('a seat beyond those there are to be', () => {
  it('is given up after the turn, on a busy processor not while the response gushes after a lull', () => {
    expect([goesOnAsSecond(0, 8), goesOnAsSecond(0, 8, 0)]).toEqual(['yield', 'yield'])
    expect([goesOnAsSecond(50, 8), goesOnAsSecond(50, 2, 0)]).toEqual(['yield', 'yield'])
    expect([0, 14, 15].map((sinceLull) => goesOnAsSecond(50, 8, sinceLull))).toEqual([
      'goOn',
      'goOn',
      'yield',
    ])
  })
})
