import { describe, expect, it } from 'vitest'

import { Hearsay } from '../../../src/core/origin/hearsay.ts'
import type { PeerId } from '../../../src/core/types.ts'
import { newInventory } from './parts.ts'
import { ANNA, CHUNKS, Setting } from './seat-setting.ts'
import { bitsOf, peer, range } from './shapes.ts'
import { sent } from './visitor.ts'

const BERT = peer(2)
const EVERY_MS = 1000

/** A visitor beside Anna, who has the first half, and Bert, who has nothing, with one chunk of its own; short of processor time, or not. */
class Company {
  readonly setting = new Setting(1, 100)
  readonly hearsay: Hearsay

  constructor({ isBusy = true, chunks = CHUNKS } = {}) {
    const { context, mesh, gossip, outputs } = this.setting
    mesh.neighbourhood.linkOpened(BERT)
    const hello = sent(outputs, 'hello').at(-1)?.message
    if (hello !== undefined) mesh.hear(BERT, hello)
    if (isBusy) this.setting.ringLate()
    this.hearsay = new Hearsay(context, mesh, gossip.firstCopies)
    const inventory = chunks === CHUNKS ? this.setting.inventory : newInventory(chunks)
    inventory.markKept(60, { kind: 'origin', run: 0 })
    this.hearsay.equip(inventory)
    outputs.length = 0
  }

  /** Whom we told in a second, and of which chunks; null: nobody. */
  told(): { peer: PeerId; chunks: number[] } | null {
    const { context, outputs } = this.setting
    this.hearsay.wake()
    context.nowMs += EVERY_MS
    if (context.deadlines.takeDue(context.nowMs).includes('known')) this.hearsay.onDeadline()
    const [told] = sent(outputs.splice(0), 'known')
    if (told === undefined) return null
    return { peer: told.peer, chunks: chunksOf(told.message.bits) }
  }

  hear(from: PeerId, chunks: readonly number[]): boolean {
    return this.hearsay.hear(bitsOf(chunks, CHUNKS), from)
  }

  isExpected(chunk: number): boolean {
    const { gossip, context } = this.setting
    return gossip.firstCopies.isExpected(chunk, context.nowMs)
  }
}

function chunksOf(bits: Uint8Array): number[] {
  return range(0, bits.length * 8).filter((chunk) => ((bits[chunk >> 3] ?? 0) & (0x80 >> (chunk & 7))) !== 0)
}

const HALF_AND_OURS = [...range(0, CHUNKS / 2), 60]

describe('what is known to be in the swarm', () => {
  it('is told to each neighbour once: what we have, what neighbours have, and what we were told of', () => {
    const company = new Company()
    company.setting.claim([], [70])
    const known = [...HALF_AND_OURS, 70]
    const both = [company.told(), company.told()]
    expect(new Set(both.map((told) => told?.peer))).toEqual(new Set([ANNA, BERT]))
    expect(both.map((told) => told?.chunks)).toEqual([known, known])
    expect(company.told()).toBeNull()
  })

  it('is told again when there is more of it, first to whom most is new', () => {
    const company = new Company()
    company.told()
    company.told()
    company.hear(BERT, [80, 81])
    expect(company.told()).toEqual({ peer: ANNA, chunks: [...HALF_AND_OURS, 80, 81] })
    expect(company.told()).toBeNull()
    company.hear(BERT, [82, 83])
    company.hear(ANNA, [82, 90])
    expect(company.told()).toMatchObject({ peer: ANNA })
    expect(company.told()).toMatchObject({ peer: BERT })
  })

  it('is not told to whoever has the whole file', () => {
    const company = new Company()
    company.setting.mesh.hear(BERT, { type: 'have', chunks: range(0, CHUNKS), digests: null })
    expect(company.told()).toMatchObject({ peer: ANNA })
    expect(company.told()).toBeNull()
  })

  it('leaves out what was expected in vain', () => {
    const company = new Company()
    company.setting.claim([], [70])
    company.setting.context.nowMs += 10_000
    company.setting.gossip.firstCopies.hear(
      peer(50),
      [{ start: 70, count: 1 }],
      company.setting.context.nowMs,
    )
    expect(company.told()?.chunks).toEqual(HALF_AND_OURS)
  })

  it('is told by nobody who has processor time, nor of a file of very many chunks', () => {
    expect(new Company({ isBusy: false }).told()).toBeNull()
    expect(new Company({ chunks: 16_385 }).told()).toBeNull()
    expect(new Company({ chunks: 16_384 }).told()?.chunks).toEqual([60])
  })

  it('is expected by whoever hears of it', () => {
    const company = new Company()
    expect(company.hear(BERT, [80])).toBe(true)
    expect([80, 81].map((chunk) => company.isExpected(chunk))).toEqual([true, false])
  })

  it('is not believed by whoever has processor time', () => {
    const company = new Company({ isBusy: false })
    expect(company.hear(BERT, [80])).toBe(true)
    expect(company.isExpected(80)).toBe(false)
  })

  it('is listened to once a second from each, and five times at once', () => {
    const company = new Company()
    for (const chunk of range(80, 86)) company.hear(BERT, [chunk])
    expect(range(80, 86).map((chunk) => company.isExpected(chunk))).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
    ])
    company.setting.context.nowMs += EVERY_MS
    company.hear(BERT, [86])
    expect(company.isExpected(86)).toBe(true)
  })

  it('has a bit for every chunk, and none beside', () => {
    const { hearsay } = new Company()
    expect(hearsay.hear(new Uint8Array(CHUNKS / 8 + 2), BERT)).toBe(false)
    expect(hearsay.hear(new Uint8Array(13).fill(0xff), BERT)).toBe(false)
    expect(hearsay.hear(new Uint8Array(13), BERT)).toBe(true)
  })

  it('is told anew to whoever comes back', () => {
    const company = new Company()
    company.told()
    company.told()
    company.hearsay.forget(BERT)
    expect(company.told()).toMatchObject({ peer: BERT })
  })
})
