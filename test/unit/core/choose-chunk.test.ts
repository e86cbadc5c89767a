import { describe, expect, it } from 'vitest'

import { Geometry } from '../../../src/core/geometry.ts'
import { Inventory } from '../../../src/core/inventory.ts'
import { allBut, type Mechanism, type Mechanisms } from '../../../src/core/mechanisms.ts'
import { chooseChunk, type ChunkChoice, type Sweep } from '../../../src/core/mesh/choose-chunk.ts'
import { Neighbour } from '../../../src/core/mesh/neighbour.ts'
import { Random } from '../../../src/core/random.ts'
import { fileOf, peer, range } from './shapes.ts'

const CHUNKS = 100
const NOW_MS = 10_000

/** An inventory and neighbours that hold these chunks, the rarity index told of it. */
class Setting {
  readonly inventory: Inventory
  readonly neighbours: Neighbour[] = []
  private readonly mechanisms: Mechanisms

  constructor(seed = 1, without: readonly Mechanism[] = []) {
    this.mechanisms = allBut(without)
    this.inventory = new Inventory(new Geometry(fileOf(CHUNKS)), new Random(seed))
  }

  neighbour(chunks: readonly number[]): Neighbour {
    const neighbour = new Neighbour(peer(this.neighbours.length), CHUNKS, 0)
    for (const chunk of chunks) {
      neighbour.held.add(chunk)
      this.inventory.rarity.increment(chunk)
    }
    this.neighbours.push(neighbour)
    return neighbour
  }

  keep(chunks: readonly number[]): void {
    for (const chunk of chunks) this.inventory.markKept(chunk, { kind: 'origin', run: 0 })
  }

  /** The chunk was asked of this neighbour so long ago. */
  ask(neighbour: Neighbour, chunk: number, agoMs: number): void {
    neighbour.outstanding.set(chunk, { askedAtMs: NOW_MS - agoMs, receivedBytes: 0, furthestBytes: 0 })
    this.inventory.markAsked(chunk)
  }

  choose(neighbour: Neighbour, readerChunk: number | null = null, sweep: Sweep | null = null): number | null {
    return this.chooseFrom(neighbour, { readerChunk, sweep })
  }

  /** All neighbours are known to have everything. */
  chooseAmongComplete(neighbour: Neighbour, sweep: Sweep | null = null): number | null {
    return this.chooseFrom(neighbour, { readerChunk: null, sweep, amongComplete: true })
  }

  private chooseFrom(
    neighbour: Neighbour,
    how: Pick<ChunkChoice, 'readerChunk' | 'sweep' | 'amongComplete'>,
  ): number | null {
    const { inventory, neighbours, mechanisms } = this
    return chooseChunk({ inventory, neighbour, neighbours, mechanisms, nowMs: NOW_MS, ...how })
  }
}

/** Two neighbours that have everything; the first of them is not asked. */
function amongComplete(kept: readonly number[]): { setting: Setting; neighbour: Neighbour } {
  const setting = new Setting()
  setting.keep(kept)
  setting.neighbour(range(0, CHUNKS))
  return { setting, neighbour: setting.neighbour(range(0, CHUNKS)) }
}

/** All but the last few chunks are here; a first neighbour is asked for those. */
function lastFew(missing: number): { setting: Setting; slow: Neighbour; other: Neighbour } {
  const setting = new Setting()
  setting.keep(range(0, CHUNKS - missing))
  const slow = setting.neighbour(range(0, CHUNKS))
  return { setting, slow, other: setting.neighbour(range(0, CHUNKS)) }
}

/** Of a neighbour that has all from the tenth on; one of those is rare. */
function chosenWithout(seed: number, without: readonly Mechanism[]): number | null {
  const setting = new Setting(seed, without)
  setting.keep([0, 1, 2, 3])
  const neighbour = setting.neighbour(range(10, CHUNKS))
  setting.neighbour(range(10, 77))
  setting.neighbour(range(78, CHUNKS))
  return setting.choose(neighbour)
}

describe('which chunk to ask for', () => {
  it('is none where the neighbour has nothing that we want', () => {
    const setting = new Setting()
    setting.keep([1, 2])
    setting.neighbour(range(0, CHUNKS))
    expect(setting.choose(setting.neighbour([]))).toBeNull()
    expect(setting.choose(setting.neighbour([1, 2]))).toBeNull()
  })

  it('is a random one at first, so that newcomers do not all ask for the same', () => {
    const chosen = range(0, 60).map((seed) => {
      const setting = new Setting(seed)
      const neighbour = setting.neighbour(range(0, 40))
      setting.neighbour(range(0, 39))
      return setting.choose(neighbour)
    })
    expect(new Set(chosen).size).toBeGreaterThan(20)
  })

  it('is the rarest once a few chunks are here', () => {
    for (const seed of range(0, 20)) {
      const setting = new Setting(seed)
      setting.keep([0, 1, 2, 3])
      const neighbour = setting.neighbour(range(0, CHUNKS))
      setting.neighbour(range(0, 77))
      setting.neighbour(range(78, CHUNKS))
      expect(setting.choose(neighbour)).toBe(77)
    }
  })

  it('is a random one all along without rarity, and the first in the file without chance, too', () => {
    const chosen = range(0, 60).map((seed) => chosenWithout(seed, ['rarestFirst']))
    expect(new Set(chosen).size).toBeGreaterThan(20)
    expect(chosenWithout(1, ['rarestFirst', 'mixedOrder'])).toBe(10)
  })

  it('is the rarest of those that this neighbour has, not the rarest of all', () => {
    const setting = new Setting()
    setting.keep([0, 1, 2, 3])
    setting.neighbour(range(10, CHUNKS))
    setting.neighbour([20, 21])
    expect(setting.choose(setting.neighbour([20]))).toBe(20)
  })

  it('is what the reader waits for, before anything rarer', () => {
    const setting = new Setting()
    setting.keep([0, 1, 2, 3])
    setting.neighbour(range(30, 60))
    const neighbour = setting.neighbour(range(30, CHUNKS))
    expect(setting.choose(neighbour, 31)).toBe(31)
    expect(setting.choose(neighbour, 29)).toBe(30)
  })

  it('looks ahead of the reader no further than 16 chunks', () => {
    const setting = new Setting()
    setting.keep([0, 1, 2, 3])
    setting.neighbour([45, 46])
    const neighbour = setting.neighbour([45, 46, 90])
    expect(setting.choose(neighbour, 30)).toBe(45)
    setting.keep([45])
    expect(setting.choose(neighbour, 30)).toBe(90)
  })

  it('is never one that is asked of another, reserved, being hashed or doubtful', () => {
    const setting = new Setting()
    const neighbour = setting.neighbour([1, 2, 3, 4])
    setting.inventory.markAsked(1)
    setting.inventory.reserve(2)
    setting.inventory.markChecking(3)
    setting.inventory.markDoubtful(4)
    expect(setting.choose(neighbour)).toBeNull()
    expect(setting.choose(neighbour, 0)).toBeNull()
    setting.inventory.release(2)
    expect(setting.choose(neighbour)).toBe(2)
  })
})

describe('while our own run goes through what neighbours have', () => {
  const HALFWAY: Sweep = { from: 50, leads: false }
  const LEADING: Sweep = { from: 50, leads: true }

  it('it is what the run comes to last', () => {
    const setting = new Setting()
    expect(setting.choose(setting.neighbour(range(20, 80)), null, HALFWAY)).toBe(49)
    setting.keep(range(40, 50))
    expect(setting.choose(setting.neighbour([10, 39, 60]), null, HALFWAY)).toBe(39)
    expect(setting.choose(setting.neighbour([60, 70]), null, HALFWAY)).toBe(70)
  })

  it('it is nothing else where the run brings far more than the mesh', () => {
    const setting = new Setting()
    expect(setting.choose(setting.neighbour(range(60, 80)), null, LEADING)).toBeNull()
    expect(setting.choose(setting.neighbour(range(20, 50)), null, LEADING)).toBe(49)
    setting.keep(range(40, 50))
    expect(setting.choose(setting.neighbour([10, 38, 60]), null, LEADING)).toBeNull()
    setting.inventory.markAsked(39)
    expect(setting.choose(setting.neighbour([10, 38, 60]), null, LEADING)).toBe(38)
  })
})

describe('near the end', () => {
  it('a chunk that another is slow to bring is asked for a second time, the slowest first', () => {
    const { setting, slow, other } = lastFew(2)
    setting.ask(slow, 98, 700)
    setting.ask(slow, 99, 900)
    expect(setting.choose(other)).toBe(99)
  })

  it('a chunk has half a second before it counts as slow', () => {
    const { setting, slow, other } = lastFew(1)
    setting.ask(slow, 99, 500)
    expect(setting.choose(other)).toBeNull()
    setting.ask(slow, 99, 501)
    expect(setting.choose(other)).toBe(99)
  })

  it('begins when 24 chunks are missing', () => {
    for (const missing of [24, 25]) {
      const { setting, slow, other } = lastFew(missing)
      for (const chunk of range(CHUNKS - missing, CHUNKS)) setting.ask(slow, chunk, 5000)
      expect(setting.choose(other) === null).toBe(missing === 25)
    }
  })

  it('a chunk is asked of three at most', () => {
    const { setting, slow, other } = lastFew(1)
    const third = setting.neighbour(range(0, CHUNKS))
    const fourth = setting.neighbour(range(0, CHUNKS))
    setting.ask(slow, 99, 2000)
    setting.ask(other, 99, 2000)
    expect(setting.choose(third)).toBe(99)
    setting.ask(third, 99, 2000)
    expect(setting.choose(fourth)).toBeNull()
  })

  it('a neighbour is not asked twice for the same, nor for what it does not have', () => {
    const { setting, slow } = lastFew(1)
    const ignorant = setting.neighbour(range(0, 99))
    setting.ask(slow, 99, 2000)
    expect(setting.choose(slow)).toBeNull()
    expect(setting.choose(ignorant)).toBeNull()
  })
})

describe('among those who have the whole file', () => {
  it('the next one in order is asked for, so that what is hashed has just come in', () => {
    const { setting, neighbour } = amongComplete([0, 1, 2, 5, 90])
    expect(setting.chooseAmongComplete(neighbour)).toBe(3)
  })

  it('the first ones are random all the same', () => {
    const chosen = range(0, 20).map((seed) => {
      const setting = new Setting(seed)
      return setting.chooseAmongComplete(setting.neighbour(range(0, CHUNKS)))
    })
    expect(new Set(chosen).size).toBeGreaterThan(10)
  })

  it('what lies before a run of ours comes first, in order, and then what it would come to last', () => {
    const { setting, neighbour } = amongComplete([0, 1, 50, 51])
    const sweep = { from: 52, leads: false, isOnly: true }
    expect(setting.chooseAmongComplete(neighbour, sweep)).toBe(2)
    setting.keep(range(2, 50))
    expect(setting.chooseAmongComplete(neighbour, sweep)).toBe(99)
  })

  it.each([
    ['a run that leads', { leads: true, isOnly: true }],
    ['one of several runs', { leads: false }],
  ])('%s is met from its far end', (_which, run) => {
    const { setting, neighbour } = amongComplete([0, 1, 50, 51])
    expect(setting.chooseAmongComplete(neighbour, { from: 52, ...run })).toBe(49)
  })
})
