import { describe, expect, it } from 'vitest'

import { FIRST_SEATS } from '../../../src/core/origin/seat-plan.ts'
import { ANNA, CHUNKS, holderOf, Setting } from './seat-setting.ts'
import { bitsOf, CHUNK_BYTES, peer, range } from './shapes.ts'

const BERT = peer(2)

/** Two more than there are seats. */
const SWARM = FIRST_SEATS + 2
/** At this rate a plain download takes each of them ten seconds; Anna takes ten times as long for as much. */
const ORIGIN_BYTES_PER_SEC = (CHUNKS * CHUNK_BYTES * SWARM) / 10

/** A visit of so many ms so far, beside Anna, who gives little; the rest is claimed, at the rate of a fast origin. */
function visitOf(ms: number): Setting {
  const setting = new Setting(1, ms)
  setting.gossip.noteServerCount(SWARM)
  setting.claim(range(CHUNKS / 2, CHUNKS), [], ORIGIN_BYTES_PER_SEC)
  return setting
}

/** Whether a plain download is known to be so much quicker that everybody goes to the origin. */
function isOriginKnown({ planner, view }: Setting): boolean {
  const seats = planner.seatsNow(view)
  expect([FIRST_SEATS, SWARM]).toContain(seats)
  return seats === SWARM
}

describe('what the origin can give', () => {
  it('is what is claimed now, for a newcomer, who has no average yet', () => {
    expect(isOriginKnown(visitOf(1000))).toBe(true)
    expect(isOriginKnown(visitOf(3900))).toBe(true)
  })

  it('is not what is claimed now after four seconds', () => {
    expect(isOriginKnown(visitOf(4000))).toBe(false)
    expect(isOriginKnown(visitOf(20_000))).toBe(false)
  })

  it('is the best average from then on, whatever is claimed now', () => {
    const setting = visitOf(4000)
    setting.claim([], [])
    const { goodput } = setting.ledger.seatCount
    for (const _ of range(0, 8)) {
      goodput.note({ bytesPerSec: ORIGIN_BYTES_PER_SEC, openSeats: 1 }, setting.context.nowMs)
      setting.goOn(300)
    }
    setting.claim(range(CHUNKS / 2, CHUNKS), [], 1)
    expect(isOriginKnown(setting)).toBe(true)
  })

  it('is nothing for a newcomer who hears of no claim', () => {
    const setting = visitOf(1000)
    setting.claim([], range(CHUNKS / 2, CHUNKS))
    expect(isOriginKnown(setting)).toBe(false)
  })
})

/** We have so many first copies, which go up in as many seconds; the origin needs so long for what nobody has. */
function isMoreWith(first: number, restSec: number): boolean {
  const setting = holderOf(first, { swarm: 4 * SWARM })
  setting.originGives(((CHUNKS / 2 - first) * CHUNK_BYTES) / restSec)
  setting.claim([CHUNKS - 1])
  return setting.planner.isMoreForOthers(setting.view)
}

describe('a seat is more for others', () => {
  it('once we have more that nobody else has than goes up in five seconds', () => {
    const settings = [4, 20].map((first) => holderOf(first, { swarm: SWARM }))
    expect(settings.map(({ mesh }) => mesh.service.uplinkBytesPerSec)).toEqual([CHUNK_BYTES, CHUNK_BYTES])
    expect(settings.map(({ planner, view }) => planner.isMoreForOthers(view))).toEqual([false, true])
  })

  it('also where there is one for everybody, if another has one', () => {
    const setting = holderOf(20, { swarm: 2 })
    setting.claim([CHUNKS - 1])
    expect(setting.planner.isMoreForOthers(setting.view)).toBe(true)
    // What goes up slowly here is the processor's doing, and everybody's.
    setting.ringLate()
    expect(setting.planner.isMoreForOthers(setting.view)).toBe(false)
  })

  it('also once we have more than goes up while the origin sends what nobody has, if we know what goes up', () => {
    expect([isMoreWith(4, 4.1), isMoreWith(4, 3.9)]).toEqual([false, true])
    // Of two chunks, no more than two seconds of an uplink could be measured.
    expect(isMoreWith(2, 1)).toBe(false)
  })

  it('but not where we get more of the origin than others might, or a reader waits for it', () => {
    const isMoreAt = [1, 2].map((chunksPerSec) => {
      const setting = holderOf(20, { swarm: FIRST_SEATS })
      setting.claim([CHUNKS - 1])
      for (const _ of range(0, 40)) {
        setting.goOn(100)
        setting.planner.pace.noteBytes((chunksPerSec * CHUNK_BYTES) / 10)
      }
      return setting.planner.isMoreForOthers(setting.view)
    })
    expect(isMoreAt).toEqual([true, false])
    const read = holderOf(20, { swarm: SWARM })
    read.mesh.requests.readerChunk = CHUNKS - 1
    expect(read.planner.isMoreForOthers(read.view)).toBe(false)
  })

  it('but not where nobody else has or wants one, or it is not known what goes up, or nobody waits for it', () => {
    const settings = [{ swarm: 2 }, { sent: false }, { isAwaited: false }].map((each) =>
      holderOf(20, { swarm: SWARM, ...each }),
    )
    expect(settings.map(({ planner, view }) => planner.isMoreForOthers(view))).toEqual([false, false, false])
  })

  it('nor where a plain download would bring more than our uplink, and than the mesh does', () => {
    const setting = holderOf(20, { swarm: SWARM })
    setting.planner.pace.noteBytes(SWARM * CHUNK_BYTES)
    expect(setting.planner.isPlainBetter(setting.view)).toBe(true)
    expect(setting.planner.isMoreForOthers(setting.view)).toBe(false)
    setting.mesh.requests.noteBytes(SWARM * CHUNK_BYTES)
    expect(setting.planner.isPlainBetter(setting.view)).toBe(false)
    expect(setting.planner.isMoreForOthers(setting.view)).toBe(true)
  })

  it('nor for what a neighbour has, too', () => {
    const setting = holderOf(20, { swarm: SWARM })
    setting.mesh.hear(ANNA, { type: 'have', chunks: range(CHUNKS / 2, CHUNKS), digests: null })
    expect(setting.planner.isMoreForOthers(setting.view)).toBe(false)
  })
})

/**
 * Anna gives a chunk a second, and once gave `best`; an origin gives each of all so much of a chunk a second, for 22.4 s by now. So many
 * chunks are here.
 */
function besidePlain(share: number, lateMs: number, here = 0, best: number | null = 2): Setting {
  const setting = new Setting(1)
  setting.mesh.requests.bestBytesPerSec = best === null ? null : best * CHUNK_BYTES
  setting.gossip.noteServerCount(SWARM)
  for (const chunk of range(CHUNKS - here, CHUNKS))
    setting.inventory.markKept(chunk, { kind: 'origin', run: 0 })
  setting.ringLate(lateMs)
  setting.originGives(share * CHUNK_BYTES * SWARM)
  return setting
}

/** Where the gaps begin, of three equal ones, that somebody with this join index takes its runs from. */
function gapsChosen(lateMs: number, joinIndex: number): Set<number> {
  const { planner, view, inventory } = besidePlain(0.5, lateMs)
  for (const chunk of [...range(60, 70), ...range(80, 90)])
    inventory.markKept(chunk, { kind: 'origin', run: 0 })
  planner.settle(joinIndex, 1)
  const starts = range(0, 40).map(
    () => planner.choose(view, { continueAt: null, place: null })?.run.start ?? -1,
  )
  return new Set(starts.map((start) => 10 * Math.floor(start / 10)))
}

/** On a busy processor, so long after the start, and nobody has said what the origin gives. */
function hasTimeAfter(ms: number, swarm = SWARM): boolean {
  const setting = new Setting(1, ms)
  setting.ringLate()
  setting.gossip.noteServerCount(swarm)
  if (swarm === 1) setting.mesh.neighbourhood.drop(ANNA)
  return setting.planner.hasTime(setting.view)
}

/** What is neither here nor with Anna is claimed, but for so many chunks. She waits for some of those that are here. */
function isWorthwhile(share: number, lateMs: number, { here = 4, free = 0, isAwaited = true } = {}): boolean {
  const setting = besidePlain(share, lateMs, here)
  const { planner, view, mesh } = setting
  setting.claim(range(CHUNKS / 2 + free, CHUNKS - here))
  if (isAwaited) mesh.hear(ANNA, { type: 'request', chunks: range(CHUNKS - here, CHUNKS) })
  return planner.isDuplicateWorthwhile(view, false)
}

describe('what others have, beside a mesh that gives', () => {
  it('is fetched, too, where that makes it quicker', () => {
    expect(isWorthwhile(0.5, 0)).toBe(true)
  })

  it('is not while something is free, unless a plain download would bring more', () => {
    expect(isWorthwhile(0.5, 0, { free: 1 })).toBe(false)
    expect(isWorthwhile(2, 0, { free: 1 })).toBe(true)
  })

  it('is not where nobody waits for what we have, and it gives twice what a plain download would', () => {
    expect(isWorthwhile(0.5, 0, { isAwaited: false })).toBe(false)
    expect(isWorthwhile(0.6, 0, { isAwaited: false })).toBe(true)
  })

  it('is not where the processor is busy, which has then less time for the mesh', () => {
    expect(isWorthwhile(0.5, 50)).toBe(false)
  })

  it('is there, too, where a plain download would bring more, and would have brought more by now', () => {
    expect([40, 44].map((here) => isWorthwhile(2, 50, { here }))).toEqual([true, true])
    expect(isWorthwhile(2, 50, { here: 45 })).toBe(false)
    expect(isWorthwhile(2, 0, { here: 45 })).toBe(true)
  })

  it('is there, too, where a plain download would be through before the mesh, which never gave as much', () => {
    const [slow, fast] = [1.9, 2].map((best) => besidePlain(2, 50, 45, best))
    expect(slow?.planner.isDuplicateWorthwhile(slow.view, false)).toBe(true)
    expect(fast?.planner.isDuplicateWorthwhile(fast.view, false)).toBe(false)
  })

  it('goes by what the mesh gives now, where that is its best, or no other is known', () => {
    const settings = [0.5, null].flatMap((best) => [60, 50].map((here) => besidePlain(1.5, 50, here, best)))
    expect(settings.map(({ planner, view }) => planner.hasTime(view))).toEqual([true, false, true, false])
  })

  it('is there, too, once the mesh gives nothing', () => {
    const setting = besidePlain(2, 50, 45)
    setting.context.nowMs += 60_000
    expect(setting.planner.isDuplicateWorthwhile(setting.view, false)).toBe(true)
  })
})

describe('a busy processor with time', () => {
  it('leaves seats alone that would find nothing new', () => {
    const [idle, busy] = [0, 50].map((lateMs) => besidePlain(2, lateMs, 47))
    expect(idle?.planner.seatsNow(idle.view)).toBeGreaterThanOrEqual(FIRST_SEATS)
    expect(busy?.planner.seatsNow(busy.view)).toBe(1)
  })

  it('looks for its next run near a place of its own, of which each visitor has another', () => {
    const [idle, first, second] = [gapsChosen(0, 0), gapsChosen(50, 0), gapsChosen(50, 1)]
    expect(idle.size).toBe(3)
    expect(first).toEqual(new Set([50]))
    expect(second).toEqual(new Set([70, 90]))
  })

  it('takes what is left in one piece, instead of leaving most of it to seats that are given up', () => {
    const counts = [0, 50].map((lateMs) => {
      const { planner, view } = besidePlain(0.5, lateMs, 44)
      return planner.choose(view, { continueAt: null, place: null })?.turnChunks
    })
    expect(counts).toEqual([1, 6])
  })

  it('does not call a plain download better, nor go on before others for its own rate', () => {
    const settings = [0, 50].map((lateMs) => besidePlain(2, lateMs, 47))
    expect(settings.map(({ planner, view }) => planner.isPlainBetter(view))).toEqual([true, false])
    for (const setting of settings) {
      setting.planner.pace.noteBytes(2 * CHUNK_BYTES)
      setting.claim(range(CHUNKS / 2, CHUNKS - 47))
    }
    expect(settings.map(({ planner, view }) => planner.prospects(view).runLeads())).toEqual([true, false])
  })

  it('has it for half a minute more, and where most neighbours are busy', () => {
    const [lately, idle] = [besidePlain(0.5, 50, 40), besidePlain(0.5, 0, 40)]
    for (const ms of [0, 5000]) {
      lately.goOn(ms)
      for (const _ of range(0, 150)) lately.context.lateness.note(1, lately.context.nowMs)
    }
    expect(lately.context.lateness.isBusy).toBe(false)
    expect(lately.planner.hasTime(lately.view)).toBe(true)
    lately.goOn(30_000)
    expect([lately, idle].map(({ planner, view }) => planner.hasTime(view))).toEqual([false, false])
    for (const { mesh, gossip } of [lately, idle]) {
      mesh.neighbourhood.linkOpened(BERT)
      for (const from of [ANNA, BERT]) {
        mesh.neighbours.get(from)?.noteChunk(CHUNK_BYTES, 0)
        gossip.known.hear(bitsOf([], CHUNKS), from)
      }
    }
    expect([lately, idle].map(({ planner, view }) => planner.hasTime(view))).toEqual([true, true])
    // Not for long where the mesh gives nothing, as liars could say so.
    idle.context.nowMs += 8000
    expect(idle.planner.hasTime(idle.view)).toBe(true)
    idle.context.nowMs += 1
    expect(idle.planner.hasTime(idle.view)).toBe(false)
  })

  it('is held against what a plain download had while the others were here, not against what it has now', () => {
    const [early, late] = [besidePlain(2, 50, 47, 20), besidePlain(2, 50, 47, 20)]
    expect(early.planner.hasTime(early.view)).toBe(true)
    for (const setting of [early, late]) {
      setting.gossip.noteServerCount(2)
      setting.goOn(300)
    }
    expect(early.planner.hasTime(early.view)).toBe(true)
    expect(late.planner.hasTime(late.view)).toBe(false)
  })

  it('is not held against what a plain download had before a lull', () => {
    const setting = besidePlain(0.5, 50, 47)
    expect(setting.planner.hasTime(setting.view)).toBe(true)
    for (const _ of range(0, 150)) setting.context.lateness.note(1, setting.context.nowMs)
    setting.goOn(30_000)
    expect(setting.planner.hasTime(setting.view)).toBe(false)
    setting.gossip.noteServerCount(2)
    setting.ringLate()
    setting.originGives(0.5 * CHUNK_BYTES * SWARM)
    expect(setting.planner.hasTime(setting.view)).toBe(false)
  })

  it('is none while nobody has said what the origin gives, but for the first ten seconds; nor alone', () => {
    expect([9900, 10_000].map((ms) => hasTimeAfter(ms))).toEqual([true, false])
    expect(hasTimeAfter(9900, 1)).toBe(false)
  })

  it('takes a long round trip for its own', () => {
    const settings = [0, 50].map((lateMs) => besidePlain(2, lateMs))
    for (const { planner } of settings) planner.pace.noteRoundTrip(5000)
    expect(settings.map(({ planner }) => planner.pace.roundTripMs)).toEqual([5000, 200])
    for (const { planner } of settings) planner.pace.noteRoundTrip(50)
    expect(settings.map(({ planner }) => planner.pace.roundTripMs)).toEqual([50, 50])
  })
})

/** After a second in which the origin gave so many chunks: how long runs are, and one of eight chunks that could go on. */
function runsAfter(chunks: number, lateMs: number): { turn: number; run: number } {
  const setting = new Setting(1, 100)
  setting.gossip.noteServerCount(SWARM)
  setting.ringLate(lateMs)
  setting.planner.pace.noteBytes(chunks * CHUNK_BYTES)
  const { planner, view, inventory } = setting
  const { run } = planner.decide(view, { start: CHUNKS / 2, count: 8 }, false)
  return { turn: planner.runChunks(inventory.geometry), run: run.count }
}

describe('a run', () => {
  it('is as long as four seconds bring, and asked for as far as there is something to fetch', () => {
    const { turn, run } = runsAfter(1000, 0)
    expect(turn).toBeGreaterThan(8)
    expect(run).toBe(CHUNKS / 2)
  })

  it('is of eight chunks at most on a busy processor, and ends with its turn', () => {
    expect(runsAfter(1000, 50)).toEqual({ turn: 8, run: 8 })
  })
})

/** The mesh gives ten chunks a second to each of 32; the origin as much to all of them in its best seconds, so many of ten, and else nothing. */
function hasTimeBeside(bestSeconds: number): boolean {
  const setting = new Setting(0.1)
  const { gossip, ledger, context, planner, view } = setting
  gossip.noteServerCount(32)
  setting.ringLate()
  for (const quarter of range(0, 41)) {
    const bytesPerSec = quarter < 4 * bestSeconds ? 2 * 32 * 10 * CHUNK_BYTES : 0
    ledger.seatCount.goodput.note({ bytesPerSec, openSeats: 1 }, context.nowMs)
    setting.goOn(250)
  }
  return planner.hasTime(view)
}

describe('what a plain download would bring, on a busy processor', () => {
  it('is what the origin gives for long, as what waited there comes all at once', () => {
    expect([2, 3, 6, 10].map(hasTimeBeside)).toEqual([true, true, false, false])
  })
})
