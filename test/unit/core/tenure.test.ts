import { describe, expect, it } from 'vitest'

import { RunFollower } from '../../../src/core/origin/run-follower.ts'
import { SeatCoin } from '../../../src/core/origin/seat-coin.ts'
import { FIRST_SEATS } from '../../../src/core/origin/seat-plan.ts'
import { Tenure } from '../../../src/core/origin/tenure.ts'
import { originContext } from './parts.ts'
import { CHUNKS, Setting } from './seat-setting.ts'
import { range } from './shapes.ts'

/** Beside one seat of a smaller id, in a crowd; so many chunks are neither here, nor with Anna, nor claimed. */
function seatWith(free: number, isBusy: boolean): { setting: Setting; tenure: Tenure } {
  const setting = new Setting(0.1)
  const { context, mesh, ledger, planner, inventory } = setting
  setting.gossip.noteServerCount(4 * FIRST_SEATS)
  setting.claim([CHUNKS - 1])
  for (const chunk of range(CHUNKS / 2 + free, CHUNKS - 1))
    inventory.markKept(chunk, { kind: 'origin', run: 0 })
  if (isBusy) setting.ringLate()
  const own = originContext(context)
  const follower = new RunFollower(own, mesh, planner, () => ledger.seatCount.plan)
  const coin = new SeatCoin(own, mesh, ledger, planner)
  return { setting, tenure: new Tenure(own, mesh, ledger, planner, follower, coin) }
}

function yields(free: number, isBusy: boolean): boolean {
  const { setting, tenure } = seatWith(free, isBusy)
  return tenure.mustYield(setting.view)
}

describe('a seat at the end of a run', () => {
  it('goes on where there are fewer seats than there may be', () => {
    expect(yields(8, false)).toBe(false)
  })

  it('is left to others where the processor is busy and they are enough for what is free', () => {
    expect([8, 9].map((free) => yields(free, true))).toEqual([true, false])
  })
})
