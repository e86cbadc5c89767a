import { describe, expect, it } from 'vitest'

import { claimOf, sent } from './visitor.ts'
import { CHUNKS, Setting } from './seat-setting.ts'
import { peer, range } from './shapes.ts'

const NEWCOMER = peer(99)
const SEATS = 40
const MOST_TOLD = 16

/** Claimers that a newcomer is told of where so many hold seats, heard of one after the other. */
function toldOf(seats: number): string[] {
  const setting = new Setting(1)
  for (const number of range(0, seats))
    setting.gossip.hear({ ...claimOf(peer(100 + number), 1, number % CHUNKS, 1, 2), renewalSec: 16 }, peer(1))
  setting.outputs.length = 0
  setting.gossip.greet(NEWCOMER)
  return sent(setting.outputs, 'claim').map(({ message }) => message.peer)
}

describe('a new neighbour', () => {
  it('is told of all seats where they are few, each once', () => {
    expect(new Set(toldOf(MOST_TOLD)).size).toBe(MOST_TOLD)
    expect(toldOf(5)).toHaveLength(5)
  })

  it('is told of the eight heard last and of eight others where they are many', () => {
    const told = toldOf(SEATS)
    expect(told).toHaveLength(MOST_TOLD)
    expect(new Set(told).size).toBe(MOST_TOLD)
    expect(told.slice(0, 8)).toEqual(range(0, 8).map((place) => peer(100 + SEATS - 1 - place)))
    const eightBefore = range(8, 16).map((place) => peer(100 + SEATS - 1 - place))
    expect(told.slice(8)).not.toEqual(eightBefore)
  })
})

describe('seats that are held', () => {
  it('are all that are claimed, and ours: by their number each says its claim', () => {
    const setting = new Setting(1)
    for (const number of range(0, 30))
      setting.gossip.hear(claimOf(peer(100 + number), 1, number, 1, 2), peer(1))
    expect(setting.planner.seatsHeld).toBe(31)
  })
})
