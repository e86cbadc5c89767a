/** When neighbours are told of our chunks on a busy processor, where each message is dear. */

import { describe, expect, it } from 'vitest'

import type { SessionOutput } from '../../../src/core/session-io.ts'
import { DigestTable } from '../../../src/core/digests.ts'
import { Announcer } from '../../../src/core/mesh/announcer.ts'
import { Neighbour } from '../../../src/core/mesh/neighbour.ts'
import { newContext, newInventory } from './parts.ts'
import { peer } from './shapes.ts'
import { sent } from './visitor.ts'

const CHUNKS = 100
const ANNA = peer(1)
const BUSY_BATCH_MS = 150

/** Anna lacks everything. Chunks are gained so many ms one after the other; as many neighbours have each of them. */
function toldTimes(options: { isBusy: boolean; holders: number; everyMs: number; chunks: number }): number[] {
  const outputs: SessionOutput[] = []
  const context = newContext(outputs)
  for (let ring = 0; ring < 100; ring++) context.lateness.note(options.isBusy ? 30 : 1, 0)
  expect(context.lateness.isBusy).toBe(options.isBusy)
  const inventory = newInventory(CHUNKS)
  const anna = new Neighbour(ANNA, CHUNKS, 0)
  anna.isReady = true
  const announcer = new Announcer(context, new Map([[ANNA, anna]]))
  announcer.equip(inventory, new DigestTable(CHUNKS, null))
  const times: number[] = []
  for (
    context.nowMs = 1;
    context.nowMs <= options.chunks * options.everyMs + BUSY_BATCH_MS;
    context.nowMs++
  ) {
    const before = outputs.length
    const due = context.deadlines.next()
    if (due !== null && due <= context.nowMs) {
      context.deadlines.clear('announce')
      announcer.onDeadline()
    }
    const chunk = context.nowMs / options.everyMs - 1
    if (Number.isInteger(chunk) && chunk < options.chunks) {
      for (let holder = 0; holder < options.holders; holder++) inventory.rarity.increment(chunk)
      inventory.markKept(chunk, { kind: 'origin', run: 0 })
      announcer.announce(chunk)
    }
    if (outputs.length > before) times.push(context.nowMs)
  }
  const told = sent(outputs, 'have').flatMap(({ message }) => message.chunks)
  expect(told).toEqual(Array.from({ length: options.chunks }, (_, chunk) => chunk))
  return times
}

describe('on a busy processor', () => {
  it('what several have is told a few at a time', () => {
    expect(toldTimes({ isBusy: true, holders: 2, everyMs: 60, chunks: 6 })).toEqual([60, 210, 360, 510])
  })

  it('what is rare is told at once', () => {
    expect(toldTimes({ isBusy: true, holders: 1, everyMs: 60, chunks: 3 })).toEqual([60, 120, 180])
  })

  it('alone: elsewhere nothing waits longer than for a burst', () => {
    expect(toldTimes({ isBusy: false, holders: 2, everyMs: 60, chunks: 3 })).toEqual([60, 120, 180])
  })
})
