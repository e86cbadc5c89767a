import { describe, expect, it } from 'vitest'

import type { Context } from '../../../src/core/context.ts'
import type { Inventory } from '../../../src/core/inventory.ts'
import type { Mesh } from '../../../src/core/mesh/mesh.ts'
import { ClaimGossip } from '../../../src/core/origin/claim-gossip.ts'
import { OriginView } from '../../../src/core/origin/origin-view.ts'
import { firstPlan } from '../../../src/core/origin/seat-plan.ts'
import type { ChunkRun } from '../../../src/core/types.ts'
import { newContext, meshWith, newInventory } from './parts.ts'
import { bitsOf, CHUNK_BYTES, peer, range } from './shapes.ts'

const CHUNKS = 100
const ANNA = peer(1)
const CLAIMER = peer(7)
/** Anna has the first half; nobody near has this one. */
const FAR = 80
const NOW_MS = 20_000

function asRun(chunk: number): ChunkRun {
  return { start: chunk, count: 1 }
}

/** A visitor beside Anna, who gives a chunk every so many seconds. */
class Setting {
  readonly context: Context = newContext()
  readonly inventory: Inventory = newInventory(CHUNKS)
  readonly vanished: number[] = []
  readonly mesh: Mesh = meshWith(ANNA, this.context, CHUNKS, this.inventory, {
    vanishedNearby: (chunk) => this.vanished.push(chunk),
  })
  readonly gossip: ClaimGossip = new ClaimGossip(this.context, this.mesh)
  readonly view: OriginView = new OriginView(this.context, this.mesh, this.gossip, this.inventory)

  private readonly secondsPerChunk: number

  constructor(secondsPerChunk: number) {
    this.gossip.equip(this.inventory.geometry)
    this.mesh.hear(ANNA, { type: 'have', chunks: range(0, CHUNKS / 2), digests: null })
    this.secondsPerChunk = secondsPerChunk
    this.goOn(NOW_MS)
  }

  /** So much time passes, and Anna gives all along. */
  goOn(forMs: number): void {
    const untilMs = this.context.nowMs + forMs
    while (this.context.nowMs < untilMs) {
      this.context.nowMs += 100
      this.mesh.requests.noteBytes(CHUNK_BYTES / (10 * this.secondsPerChunk))
      this.mesh.requests.lastChunkAtMs = this.context.nowMs
    }
  }

  claim(claimed: readonly number[], brought: readonly number[]): void {
    this.gossip.hear(
      {
        type: 'claim',
        peer: CLAIMER,
        sequence: 1,
        hops: 2,
        runs: claimed.map(asRun),
        brought: brought.map(asRun),
        goodputBytesPerSec: 0,
        plan: firstPlan(8),
      },
      ANNA,
    )
  }

  update(chunks: readonly number[]): void {
    const bits = bitsOf(chunks, CHUNKS)
    this.mesh.hear(ANNA, { type: 'update', peer: peer(70), sequence: 1, hops: 2, degree: 8, bits })
  }
}

describe('what a seat takes to be in the swarm', () => {
  it('is what neighbours have and what claims tell of, for five seconds', () => {
    const { view, context, gossip } = new Setting(0.01)
    expect([view.exists(0), view.exists(FAR)]).toEqual([true, false])
    gossip.firstCopies.hear([{ start: FAR, count: 1 }], context.nowMs)
    expect(view.exists(FAR)).toBe(true)
    context.nowMs += 5000
    expect(view.exists(FAR)).toBe(false)
  })

  it('is what claims tell of for longer in a crowd, where first copies take their time', () => {
    const { view, context, gossip } = new Setting(0.01)
    gossip.noteServerCount(1024)
    gossip.firstCopies.hear([{ start: FAR, count: 1 }], context.nowMs)
    context.nowMs += 29_000
    gossip.noteServerCount(1024)
    expect(view.exists(FAR)).toBe(true)
    context.nowMs += 1000
    expect(view.exists(FAR)).toBe(false)
  })

  it('stays so while neighbours have enough for us: three quarters of the time that all the rest takes', () => {
    const setting = new Setting(1)
    setting.gossip.firstCopies.hear([{ start: FAR, count: 1 }], setting.context.nowMs)
    setting.goOn(74_000)
    expect(setting.view.exists(FAR)).toBe(true)
    setting.goOn(3000)
    expect(setting.view.exists(FAR)).toBe(false)
  })

  it('is not waited for any longer once neighbours give nothing', () => {
    const setting = new Setting(1)
    setting.update([FAR])
    setting.context.nowMs += 9900
    expect(setting.view.exists(FAR)).toBe(true)
    setting.context.nowMs += 200
    expect(setting.view.exists(FAR)).toBe(false)
  })

  it('is what an update names, but only while neighbours have more than ten seconds of other chunks for us', () => {
    for (const [secondsPerChunk, isBelieved] of [
      [1, true],
      [0.1, false],
    ] as const) {
      const setting = new Setting(secondsPerChunk)
      setting.update([FAR])
      expect(setting.view.isMeshBusy).toBe(isBelieved)
      expect(setting.view.exists(FAR)).toBe(isBelieved)
      expect(setting.view.exists(FAR + 1)).toBe(false)
    }
  })

  it('is nothing of all that once everybody has left us', () => {
    const setting = new Setting(1)
    setting.claim([FAR], [FAR + 1])
    setting.update([FAR + 2])
    const free = (): number[] => [FAR, FAR + 1, FAR + 2].filter((chunk) => setting.view.isFree(chunk))
    expect(free()).toEqual([])
    setting.mesh.neighbourhood.linkClosed(ANNA)
    expect(free()).toEqual([FAR, FAR + 1, FAR + 2])
  })
})

describe('chunks whose last holder near us breaks off', () => {
  it('may be nowhere any more; those of one that was parted with in peace are where they were', () => {
    const [broken, parted] = [new Setting(1), new Setting(1)]
    broken.mesh.neighbourhood.linkClosed(ANNA)
    parted.mesh.neighbourhood.part(ANNA)
    expect(broken.vanished).toEqual(range(0, CHUNKS / 2))
    expect(parted.vanished).toEqual([])
  })
})
