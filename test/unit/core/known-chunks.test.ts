import { describe, expect, it } from 'vitest'

import { KnownChunks } from '../../../src/core/origin/known-chunks.ts'
import { newRun } from '../../../src/core/origin/run.ts'
import type { PeerId } from '../../../src/core/types.ts'
import { newInventory } from './parts.ts'
import { ANNA, CHUNKS, Setting } from './seat-setting.ts'
import { bitsOf, CHUNK_BYTES, peer, range } from './shapes.ts'
import { sent } from './visitor.ts'

const BERT = peer(2)
const EVERY_MS = 1000

/** A visitor beside Anna, who has the first half, and Bert, who has nothing, with one chunk of its own; short of processor time, or not. */
class Company {
  readonly setting = new Setting(1, 100)
  readonly known: KnownChunks

  constructor({ isBusy = true, chunks = CHUNKS } = {}) {
    const { context, mesh, gossip, outputs } = this.setting
    mesh.neighbourhood.linkOpened(BERT)
    const hello = sent(outputs, 'hello').at(-1)?.message
    if (hello !== undefined) mesh.hear(BERT, hello)
    if (isBusy) this.setting.ringLate()
    const inventory = chunks === CHUNKS ? this.setting.inventory : newInventory(chunks)
    inventory.markKept(60, { kind: 'origin', run: 0 })
    this.known = chunks === CHUNKS ? gossip.known : new KnownChunks(context, mesh, gossip.firstCopies)
    this.known.equip(inventory)
    this.known.wake()
    outputs.length = 0
  }

  /** Whom we told in a second, and of which chunks; null: nobody. */
  told(): { peer: PeerId; chunks: number[] } | null {
    const { context, outputs } = this.setting
    context.nowMs += EVERY_MS
    if (context.deadlines.takeDue(context.nowMs).includes('known')) this.known.onDeadline()
    const [told] = sent(outputs.splice(0), 'known')
    if (told === undefined) return null
    return { peer: told.peer, chunks: chunksOf(told.message.bits) }
  }

  hear(from: PeerId, chunks: readonly number[]): boolean {
    return this.known.hear(bitsOf(chunks, CHUNKS), from)
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
    expect([80, 81].map((chunk) => company.known.isSaidToExist(chunk))).toEqual([true, false])
  })

  it('counts for whoever takes others for busy, however idle himself', () => {
    const company = new Company({ isBusy: false })
    expect(company.hear(BERT, [80])).toBe(true)
    expect(company.known.isSaidToExist(80)).toBe(true)
    expect(company.known.areOthersBusy).toBe(false)
  })

  it('is listened to once a second from each, and five times at once', () => {
    const company = new Company()
    for (const chunk of range(80, 86)) company.hear(BERT, [chunk])
    expect(range(80, 86).map((chunk) => company.known.isSaidToExist(chunk))).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
    ])
    company.setting.context.nowMs += EVERY_MS
    company.hear(BERT, [86])
    expect(company.known.isSaidToExist(86)).toBe(true)
  })

  it('has a bit for every chunk, and none beside', () => {
    const { known } = new Company()
    expect(known.hear(new Uint8Array(CHUNKS / 8 + 2), BERT)).toBe(false)
    expect(known.hear(new Uint8Array(13).fill(0xff), BERT)).toBe(false)
    expect(known.hear(new Uint8Array(13), BERT)).toBe(true)
  })

  it('is believed on a word alone for five minutes, and never again', () => {
    const company = new Company()
    company.hear(BERT, [80])
    company.setting.context.nowMs += 299_999
    company.hear(BERT, [80])
    expect(company.known.isSaidToExist(80)).toBe(true)
    company.setting.context.nowMs += 1
    company.hear(BERT, [80])
    expect(company.known.isSaidToExist(80)).toBe(false)
    expect(company.told()?.chunks).toEqual(HALF_AND_OURS)
  })

  it('is not believed of what left with its last holder near us, until a neighbour has it again', () => {
    const company = new Company()
    company.known.noteGone(80)
    company.hear(BERT, [80])
    expect(company.known.isSaidToExist(80)).toBe(false)
    company.known.noteArrival(80)
    company.hear(ANNA, [80])
    expect(company.known.isSaidToExist(80)).toBe(true)
  })

  it('is not told by whoever leaves, and without what we keep to ourselves', () => {
    const leaver = new Company()
    leaver.setting.mesh.leave()
    leaver.known.wake()
    expect(leaver.told()).toBeNull()
    const taker = new Company()
    taker.setting.mesh.announcer.isSilent = true
    expect(taker.told()?.chunks).toEqual(range(0, CHUNKS / 2))
  })

  it('keeps whoever has time from the origin, but cuts no run short', () => {
    const company = new Company()
    const { setting } = company
    setting.originGives(1)
    company.hear(BERT, [80])
    expect(setting.view.hasTime).toBe(true)
    expect([80, 81].map((chunk) => setting.view.isFree(chunk))).toEqual([false, true])
    const run = newRun(0, { run: { start: 80, count: 2 }, turnChunks: 2, isDuplicate: false }, 0)
    const prospects = { runLeads: () => false, duplicatesPay: () => false }
    expect([10, 80].map((chunk) => setting.view.isNeedless(run, chunk, prospects))).toEqual([true, false])
    setting.mesh.requests.readerChunk = 80
    expect(setting.view.isFree(80)).toBe(true)
  })

  it('is told anew to whoever comes back', () => {
    const company = new Company()
    company.told()
    company.told()
    company.known.forget(BERT)
    expect(company.told()).toMatchObject({ peer: BERT })
  })
})

/** So many neighbours that have given something, of whom so many have told us what they know. */
function areBusy(neighbours: number, told: number): boolean {
  const { setting, known } = companyOf(neighbours)
  for (const number of range(1, 1 + told)) known.hear(bitsOf([], CHUNKS), peer(number))
  return setting.gossip.known.areOthersBusy
}

function companyOf(neighbours: number): { setting: Setting; known: KnownChunks } {
  const setting = new Setting(1, 100)
  for (const number of range(1, 1 + neighbours)) {
    if (number > 1) setting.mesh.neighbourhood.linkOpened(peer(number))
    setting.mesh.neighbours.get(peer(number))?.noteChunk(CHUNK_BYTES, setting.context.nowMs)
  }
  return { setting, known: setting.gossip.known }
}

describe('others are busy', () => {
  it('where more than half of our neighbours tell what they know, and two at least', () => {
    expect([areBusy(1, 1), areBusy(2, 1), areBusy(2, 2)]).toEqual([false, false, true])
    expect([areBusy(4, 2), areBusy(4, 3), areBusy(3, 2)]).toEqual([false, true, true])
  })

  it('for half a minute after that, or until they are gone', () => {
    const { setting, known } = companyOf(2)
    for (const from of [ANNA, BERT]) known.hear(bitsOf([], CHUNKS), from)
    setting.context.nowMs += 29_999
    expect(known.areOthersBusy).toBe(true)
    setting.context.nowMs += 1
    expect(known.areOthersBusy).toBe(false)
    for (const from of [ANNA, BERT]) known.hear(bitsOf([], CHUNKS), from)
    expect(known.areOthersBusy).toBe(true)
    known.forget(BERT)
    expect(known.areOthersBusy).toBe(false)
  })

  it('not by the word of those who have given nothing, nor among takers', () => {
    const { setting, known } = companyOf(2)
    setting.mesh.neighbourhood.linkOpened(peer(3))
    for (const from of [BERT, peer(3)]) known.hear(bitsOf([], CHUNKS), from)
    expect(known.areOthersBusy).toBe(false)
    known.hear(bitsOf([], CHUNKS), ANNA)
    expect(known.areOthersBusy).toBe(true)
    const hello = sent(setting.outputs, 'hello').at(-1)?.message
    if (hello !== undefined) setting.mesh.hear(peer(3), hello)
    setting.mesh.hear(peer(3), { type: 'have', chunks: [70], digests: null })
    setting.mesh.hear(peer(3), { type: 'refuse', chunks: [70] })
    expect(setting.mesh.isAmongTakers).toBe(true)
    expect(known.areOthersBusy).toBe(false)
  })
})
