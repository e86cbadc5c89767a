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

/**
 * Others wait for our seat more than we do. How it goes on, so far into a turn of two chunks, of a response of so many, so long
 * after its headers.
 */
function goesOn(brought: number, lateMs: number, asked = 2, afterMs = 0): GoingOn {
  const setting = holderOf(20, { swarm: 4 * FIRST_SEATS })
  const { context, mesh, ledger, planner, view, outputs } = setting
  expect(planner.isMoreForOthers(view)).toBe(true)
  setting.ringLate(lateMs)
  const own = originContext(context)
  const follower = new RunFollower(own, mesh, planner, () => ledger.seatCount.plan)
  follower.equip(view)
  follower.open({ run: { start: 90, count: asked }, turnChunks: 2, isDuplicate: false })
  const run = pick(outputs, 'fetch').at(-1)?.run ?? -1
  setting.goOn(afterMs)
  for (const chunk of range(90, 90 + brought)) follower.broughtChunk(run, chunk)
  const coin = new SeatCoin(own, mesh, ledger, planner)
  return new Tenure(own, mesh, ledger, planner, follower, coin).decide(view)
}

describe('a seat that is more for others', () => {
  it('is given up at once, on a busy processor with the turn, as the rest of it is on its way', () => {
    expect([goesOn(0, 0), goesOn(1, 0), goesOn(3, 0, 8)]).toEqual(['yield', 'yield', 'yield'])
    expect([goesOn(0, 50), goesOn(1, 50), goesOn(2, 50)]).toEqual(['goOn', 'goOn', 'yield'])
  })

  it('is given up there once the response flows, if it goes beyond the turn, or with the response', () => {
    expect([1400, 1500].map((afterMs) => goesOn(2, 50, 8, afterMs))).toEqual(['goOn', 'yield'])
    expect([7, 8].map((brought) => goesOn(brought, 50, 8))).toEqual(['goOn', 'yield'])
  })
})

interface Flow {
  readonly lateMs: number
  /** Chunks of the response, of which two are the turn, and how many have come. */
  readonly asked: number
  readonly brought?: number
  /** Pieces come every 100 ms, but for one after 500 ms, so many before the last; or all of them. */
  readonly sinceLull?: number | 'all'
}

/** There is one seat, and another holds it: how ours goes on. */
function goesOnAsSecond({ lateMs, asked, brought = 2, sinceLull = Infinity }: Flow): GoingOn {
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
    context.nowMs += sinceLull === 'all' || left === sinceLull ? 500 : 100
    follower.progressed(run, CHUNK_BYTES / 10)
  }
  for (const chunk of range(60, 60 + brought)) follower.broughtChunk(run, chunk)
  setting.claim([CHUNKS - 1])
  const coin = new SeatCoin(own, mesh, ledger, planner)
  return new Tenure(own, mesh, ledger, planner, follower, coin).decide(view)
}

describe('a seat beyond those there are to be', () => {
  it('is given up after the turn', () => {
    const flows: Flow[] = [
      { lateMs: 0, asked: 8 },
      { lateMs: 0, asked: 8, sinceLull: 0 },
      { lateMs: 50, asked: 8 },
    ]
    expect(flows.map(goesOnAsSecond)).toEqual(['yield', 'yield', 'yield'])
  })

  it('is kept on a busy processor while the response gushes after a lull', () => {
    const busy = { lateMs: 50, asked: 8 }
    expect([0, 14, 15].map((sinceLull) => goesOnAsSecond({ ...busy, sinceLull }))).toEqual([
      'goOn',
      'goOn',
      'yield',
    ])
    expect(goesOnAsSecond({ lateMs: 50, asked: 2, sinceLull: 0 })).toBe('yield')
  })

  it('is not kept for long where the response is but a trickle', () => {
    const trickle: Flow = { lateMs: 50, asked: 30, sinceLull: 'all' }
    expect([2, 17, 18].map((brought) => goesOnAsSecond({ ...trickle, brought }))).toEqual([
      'goOn',
      'goOn',
      'yield',
    ])
  })
})
