import { describe, expect, it } from 'vitest'

import { SeatCoin } from '../../../src/core/origin/seat-coin.ts'
import { BUSY_SEATS } from '../../../src/core/origin/seat-count.ts'
import { FIRST_SEATS } from '../../../src/core/origin/seat-plan.ts'
import { ANNA, CHUNKS, Setting } from './seat-setting.ts'
import { CHUNK_BYTES, peer, range } from './shapes.ts'

const SWARM = 10_000
/** A seat that stays vacant shows that fewer wait, by this factor a slot. */
const WAITING_SHRINKS = 0.6

/** A visitor of a large swarm beside Anna, who has ten seconds of chunks for us, or next to nothing. */
function settingOf({ isBusy }: { isBusy: boolean }): { setting: Setting; coin: SeatCoin } {
  const setting = new Setting(isBusy ? 1 : 0.1)
  expect(setting.view.isMeshBusy).toBe(isBusy)
  setting.gossip.noteServerCount(SWARM)
  const { context, mesh, ledger, planner } = setting
  return { setting, coin: new SeatCoin(context, mesh, ledger, planner) }
}

/** Chances in so many slots, one after the other. */
function chances({ setting, coin }: ReturnType<typeof settingOf>, slots: number): number[] {
  return range(0, slots).map(() => coin.chance(setting.view))
}

function afterVacant(slots: number, seats = FIRST_SEATS): number {
  return Math.min(1, seats / (SWARM * WAITING_SHRINKS ** slots))
}

describe('the chance of a vacant seat', () => {
  it('grows with every slot for which seats stay vacant, until it is certain', () => {
    const seen = chances(settingOf({ isBusy: false }), 20)
    for (const [slots, chance] of seen.entries()) expect(chance).toBeCloseTo(afterVacant(slots), 10)
    expect(seen.at(-1)).toBe(1)
  })

  it('grows for no more than five slots while neighbours have plenty for us', () => {
    const seen = chances(settingOf({ isBusy: true }), 20)
    for (const [slots, chance] of seen.entries())
      expect(chance).toBeCloseTo(afterVacant(Math.min(5, slots)), 10)
  })

  it('makes up for all slots at once when neighbours have nothing more for us', () => {
    const busy = settingOf({ isBusy: true })
    chances(busy, 20)
    busy.setting.context.nowMs += 10_000
    expect(busy.setting.view.isMeshBusy).toBe(false)
    expect(chances(busy, 1)).toEqual([1])
  })

  it('does not grow where the processor is the limit, and what a plain download would have brought is here', () => {
    const setting = settingOf({ isBusy: true })
    setting.setting.originGives(1)
    setting.setting.ringLate()
    for (const chance of chances(setting, 20)) expect(chance).toBeCloseTo(afterVacant(0, BUSY_SEATS), 10)
    // A first run of eight chunks for each seat.
    for (const chunk of range(CHUNKS / 2 + 9, CHUNKS))
      setting.setting.inventory.markKept(chunk, { kind: 'origin', run: 0 })
    expect(chances(setting, 1)[0]).toBeCloseTo(afterVacant(0, 2), 10)
  })

  it('begins anew where there was work', () => {
    const setting = settingOf({ isBusy: false })
    chances(setting, 4)
    setting.coin.noteWork()
    expect(chances(setting, 1)[0]).toBeCloseTo(afterVacant(0), 10)
  })
})

interface Circumstances {
  /** Anna is gone. */
  readonly isAlone?: boolean
  /** Somebody else is being connected to. */
  readonly seeks?: boolean
  /** How long the topology server took to answer, and how long it would have been waited for. */
  readonly answeredAfterMs?: number
  readonly patienceMs?: number
  /** What a plain download takes both of us; Infinity: of the origin nothing is known. */
  readonly plainMs?: number
  readonly readerChunk?: number | null
}

/** So long after the start, with timers that ring so late. */
function tossesAfter(forMs: number, lateMs: number, circumstances: Circumstances = {}): boolean[] {
  const { isAlone = false, seeks = true, answeredAfterMs = 0, patienceMs = 300 } = circumstances
  const { plainMs = Infinity, readerChunk = null } = circumstances
  const setting = new Setting(1, 0)
  if (plainMs < Infinity) setting.originGives((2 * CHUNKS * CHUNK_BYTES * 1000) / plainMs)
  setting.goOn(forMs - setting.context.nowMs)
  const { context, mesh, ledger, planner } = setting
  setting.gossip.noteServerCount(2)
  context.welcomedAtMs = answeredAfterMs
  Object.assign(context.limits, { topologyPatienceMs: patienceMs })
  mesh.requests.readerChunk = readerChunk
  if (isAlone) mesh.neighbourhood.drop(ANNA)
  setting.ringLate(lateMs)
  if (seeks) mesh.introduce([peer(2)])
  const coin = new SeatCoin(context, mesh, ledger, planner)
  return range(0, 10).map(() => coin.wins(setting.view))
}

/** Nobody is here yet, and the topology server took so long. */
function winsAfter(forMs: number, answeredAfterMs: number): boolean {
  return tossesAfter(forMs, 0, { isAlone: true, answeredAfterMs }).includes(true)
}

/** On a busy processor, where a plain download takes so long. */
function winsBeside(plainMs: number, forMs: number, { isAlone = false } = {}): boolean {
  return tossesAfter(forMs, 50, { plainMs, isAlone }).includes(true)
}

/** Beside Anna, where preparations were so slow that the topology server would have been waited for so long. */
function winsIfPatient(patienceMs: number, forMs: number, plainMs = Infinity): boolean {
  return tossesAfter(forMs, 0, { patienceMs, plainMs }).includes(true)
}

describe('a toss', () => {
  it('is made beside the first neighbour', () => {
    expect(tossesAfter(1000, 0)).toContain(true)
  })

  it('waits for ten seconds where the processor is busy', () => {
    expect(tossesAfter(9900, 50)).not.toContain(true)
    expect(tossesAfter(10_000, 50)).toContain(true)
  })

  it('waits there for twenty without a neighbour, who would have told of seats', () => {
    expect(tossesAfter(19_900, 50, { isAlone: true })).not.toContain(true)
    expect(tossesAfter(20_000, 50, { isAlone: true })).toContain(true)
  })

  it('waits there no longer than a quarter of what a plain download takes, but for the first neighbour', () => {
    expect([4900, 5000].map((forMs) => winsBeside(20_000, forMs))).toEqual([false, true])
    expect(winsBeside(20_000, 5000, { isAlone: true })).toBe(true)
    expect([2900, 3000].map((forMs) => winsBeside(8000, forMs, { isAlone: true }))).toEqual([false, true])
  })

  it('waits for nobody where a reader waits for what nobody near has', () => {
    expect(tossesAfter(1000, 50, { readerChunk: CHUNKS - 1 })).toContain(true)
    expect(tossesAfter(1000, 50, { readerChunk: 0 })).not.toContain(true)
  })

  it('waits for news as much longer as the topology server is waited for, where preparations were slow', () => {
    expect([2900, 3000].map((forMs) => winsIfPatient(3300, forMs))).toEqual([false, true])
    expect([4900, 5000].map((forMs) => winsIfPatient(10_000, forMs))).toEqual([false, true])
    expect([2900, 3000].map((forMs) => winsIfPatient(10_000, forMs, 12_000))).toEqual([false, true])
  })

  it('waits three seconds for the first neighbour, or four times as long as the topology server took, and four after it', () => {
    expect([2900, 3000].map((forMs) => winsAfter(forMs, 300))).toEqual([false, true])
    expect([3900, 4000].map((forMs) => winsAfter(forMs, 1000))).toEqual([false, true])
    expect([8900, 9000].map((forMs) => winsAfter(forMs, 5000))).toEqual([false, true])
  })

  it('waits for nobody where there is nobody to connect to, as without WebRTC', () => {
    expect(tossesAfter(1000, 50, { isAlone: true, seeks: false })).toContain(true)
  })
})
