import { describe, expect, it } from 'vitest'

import { ANNA, CHUNKS, Setting } from './seat-setting.ts'
import { CHUNK_BYTES, range } from './shapes.ts'
import { sent } from './visitor.ts'

/** Anna has the first half; nobody near has this one. */
const FAR = 80

describe('what a seat takes to be in the swarm', () => {
  it('is what neighbours have and what claims tell of, for five seconds', () => {
    const { view, context, gossip } = new Setting(0.01)
    expect([view.exists(0), view.exists(FAR)]).toEqual([true, false])
    gossip.firstCopies.hear(ANNA, [{ start: FAR, count: 1 }], context.nowMs)
    expect(view.exists(FAR)).toBe(true)
    context.nowMs += 5000
    expect(view.exists(FAR)).toBe(false)
  })

  it('stays so while a slow chunk is on its way, for a minute', () => {
    const setting = new Setting(1)
    setting.update([FAR])
    for (let second = 1; second <= 65; second++) {
      setting.context.nowMs += 1000
      setting.mesh.requests.noteBytes(CHUNK_BYTES / 60)
      expect(setting.view.exists(FAR), `${second} s`).toBe(second < 60)
    }
  })

  it('is what claims tell of for longer in a crowd, where first copies take their time', () => {
    const { view, context, gossip } = new Setting(0.01)
    gossip.noteServerCount(1024)
    gossip.firstCopies.hear(ANNA, [{ start: FAR, count: 1 }], context.nowMs)
    context.nowMs += 29_000
    gossip.noteServerCount(1024)
    expect(view.exists(FAR)).toBe(true)
    context.nowMs += 1000
    expect(view.exists(FAR)).toBe(false)
  })

  it('stays so while neighbours have enough for us: three quarters of the time that all the rest takes', () => {
    const setting = new Setting(1)
    setting.gossip.firstCopies.hear(ANNA, [{ start: FAR, count: 1 }], setting.context.nowMs)
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

  it('is what anybody ever said where the processor is the limit and we have time: a minute while neighbours serve others first, else 20 s', () => {
    for (const [here, patienceMs] of [
      [0, 60_000],
      [CHUNKS / 2, 20_000],
    ] as const) {
      const setting = new Setting(0.1)
      setting.originGives(1)
      setting.inventory.markKept(CHUNKS - 1, { kind: 'origin', run: 0 })
      for (const chunk of range(0, here)) setting.inventory.markKept(chunk, { kind: 'peer', peer: ANNA })
      setting.gossip.firstCopies.hear(ANNA, [{ start: FAR, count: 1 }], setting.context.nowMs - 600_000)
      setting.update([FAR + 1])
      const known = (): boolean[] => [FAR, FAR + 1, FAR + 2].map((chunk) => setting.view.exists(chunk))
      expect(known()[0]).toBe(false)
      setting.ringLate()
      setting.context.nowMs += patienceMs
      expect(known()).toEqual([true, true, false])
      setting.context.nowMs += 100
      expect(known()).toEqual([false, false, false])
    }
  })

  it('is no word of an update for what a reader waits for', () => {
    const setting = new Setting(0.1)
    setting.originGives(1)
    setting.inventory.markKept(CHUNKS - 1, { kind: 'origin', run: 0 })
    setting.ringLate()
    setting.update([FAR, FAR + 1])
    setting.context.nowMs += 20_100
    expect(setting.view.hasTime).toBe(true)
    setting.mesh.requests.readerChunk = FAR
    expect([FAR, FAR + 1].map((chunk) => setting.view.exists(chunk))).toEqual([false, true])
  })

  it('is what an update names there without time, too, as long as a chunk has come in the last 20 s', () => {
    const setting = new Setting(10)
    setting.originGives(1000 * CHUNK_BYTES)
    setting.ringLate()
    setting.update([FAR])
    expect(setting.planner.hasTime(setting.view)).toBe(false)
    setting.context.nowMs += 19_900
    expect(setting.view.exists(FAR)).toBe(true)
    setting.context.nowMs += 100
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
    expect(broken.gone).toEqual(broken.vanished)
    expect(parted.vanished).toEqual([])
  })

  it('have not left the swarm where it only does not give them', () => {
    const setting = new Setting(1, 100)
    const [asked] = sent(setting.outputs, 'request').flatMap(({ message }) => message.chunks)
    setting.mesh.hear(ANNA, { type: 'refuse', chunks: [asked ?? 0] })
    expect(setting.vanished).toContain(CHUNKS / 2 - 1)
    expect(setting.gone).toEqual([])
  })
})
