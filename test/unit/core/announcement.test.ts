import { describe, expect, it } from 'vitest'

import { Announcement } from '../../../src/core/origin/announcement.ts'
import type { RunChoice } from '../../../src/core/origin/run.ts'
import { RunFollower } from '../../../src/core/origin/run-follower.ts'
import type { ChunkRun, OriginTag } from '../../../src/core/types.ts'
import { originContext } from './parts.ts'
import { CHUNKS, Setting } from './seat-setting.ts'
import { CHUNK_BYTES, fileOf, peer, range } from './shapes.ts'
import { claimOf, SELF, sent, Visitor, type VisitorOptions } from './visitor.ts'

const CHOICE: RunChoice = { run: { start: 60, count: 8 }, turnChunks: 8, isDuplicate: false }

interface Circumstances {
  readonly swarm?: number
  readonly lateMs?: number
  readonly choice?: Partial<RunChoice>
  readonly originLoad?: number | 'adaptive'
  /** What the origin gives, as a share of what makes a plain download as fast as Anna. */
  readonly plainShare?: number
  /** The seat has just been taken. */
  readonly isNew?: boolean
  /** Another is known to hold one. */
  readonly beside?: boolean
  /** The other's id is less than ours. */
  readonly isSecond?: boolean
  /** But for so many chunks all is known to have been brought. */
  readonly left?: number
  readonly ranges?: boolean
  /** What an in-order reader waits for. */
  readonly reader?: number | null
  /** Anna is gone. */
  readonly lonely?: boolean
}

/** Beside Anna, who gives a chunk a second: a run is about to be begun. */
function aboutToFetch({
  swarm = 48,
  lateMs = 50,
  choice = {},
  originLoad = 'adaptive',
  plainShare = 0.5,
  isNew = true,
  beside = false,
  isSecond = false,
  left = CHUNKS,
  ranges = true,
  reader = null,
  lonely = false,
}: Circumstances) {
  const setting = new Setting(1)
  const { context, gossip, ledger, mesh, planner, view, outputs } = setting
  context.selfId = peer(isSecond ? 0xffff : 0)
  Object.assign(context.limits, { originLoad })
  if (beside) setting.claim([55], range(0, CHUNKS - left))
  gossip.noteServerCount(swarm)
  setting.ringLate(lateMs)
  setting.originGives(plainShare * swarm * CHUNK_BYTES)
  const own = originContext(context)
  const follower = new RunFollower(own, mesh, planner, () => ledger.seatCount.plan)
  follower.equip(view)
  const announcement = new Announcement(own, mesh, planner, follower)
  follower.rangesWork = ranges
  mesh.requests.readerChunk = reader
  if (lonely) mesh.neighbourhood.drop(ANNA)
  const isAnnounced = announcement.announces({ ...CHOICE, ...choice }, view, isNew)
  const claimed = sent(outputs, 'claim').map(({ message }) => message.runs)
  const waitMs = (own.deadlines.next() ?? Infinity) - context.nowMs
  return { setting, announcement, isAnnounced, claimed, waitMs }
}

describe('on a busy processor', () => {
  it('a run is claimed first, and waits half a second for each hop of the claim, three at most', () => {
    const waits = [2, 3, 4, 8, 48, 10_000].map((swarm) => {
      const { isAnnounced, claimed, waitMs } = aboutToFetch({ swarm })
      expect(claimed).toEqual(isAnnounced ? [[CHOICE.run]] : [])
      return isAnnounced ? waitMs : 0
    })
    expect(waits).toEqual([0, 500, 500, 1000, 1500, 1500])
  })

  it('so does the next one in a seat beside others', () => {
    expect(aboutToFetch({ isNew: false, beside: true }).claimed).toEqual([[CHOICE.run]])
    expect(aboutToFetch({ isNew: false, beside: true, left: 9 }).claimed).toEqual([[CHOICE.run]])
    expect(aboutToFetch({ isNew: false, beside: true, left: 8, isSecond: true }).claimed).toEqual([
      [CHOICE.run],
    ])
  })

  it('it begins as it is where nobody objects, and nothing else of it is left', () => {
    const { setting, announcement } = aboutToFetch({})
    expect(announcement.isPending).toBe(true)
    expect(announcement.heardOut(setting.view)).toEqual(CHOICE)
    expect(announcement.isPending).toBe(false)
    expect(announcement.heardOut(setting.view)).toBeNull()
  })

  it('it ends where another has claimed meanwhile, or brought something; and is none where that is its beginning', () => {
    const ends = [[64], [61, 70], [CHUNKS - 1], [60]].map((claimed) => {
      const { setting, announcement } = aboutToFetch({})
      setting.claim(claimed)
      return announcement.heardOut(setting.view)
    })
    expect(ends.map((choice) => choice?.run.count)).toEqual([4, 1, 8, undefined])
    expect(ends.map((choice) => choice?.turnChunks)).toEqual([4, 1, 8, undefined])
    const { setting, announcement } = aboutToFetch({})
    setting.claim([], range(62, 80))
    expect(announcement.heardOut(setting.view)?.run).toEqual({ start: 60, count: 2 })
  })

  it('it is none where a reader has come to wait for something meanwhile', () => {
    const { setting, announcement } = aboutToFetch({})
    setting.mesh.requests.readerChunk = 80
    expect(announcement.heardOut(setting.view)).toBeNull()
  })

  it('no more of it is claimed than a claim holds', () => {
    const { setting, announcement, claimed } = aboutToFetch({ choice: { run: { start: 60, count: 30 } } })
    expect(claimed).toEqual([[{ start: 60, count: 8 }]])
    expect(announcement.heardOut(setting.view)?.run.count).toBe(30)
  })

  it('it does not begin once it was cancelled', () => {
    const { setting, announcement } = aboutToFetch({})
    announcement.cancel()
    expect(announcement.isPending).toBe(false)
    expect(announcement.heardOut(setting.view)).toBeNull()
  })
})

const LITTLE_LEFT: Circumstances = { isNew: false, beside: true, left: 8 }

describe('nothing is announced', () => {
  it.each([
    ['where the processor is not busy', { lateMs: 0 }],
    ['of what others have', { choice: { isDuplicate: true } }],
    ['by whoever would have more by a plain download', { plainShare: 2 }],
    ['by whoever goes on in the only seat', { isNew: false }],
    ['by the first of those who go on in a seat, where what is left is enough for one', LITTLE_LEFT],
    ['by whoever has no neighbour', { lonely: true }],
    ['where the origin has no ranges', { ranges: false }],
    ['where an in-order reader waits for what the origin has to bring', { reader: 62 }],
    ['where nobody makes claims', { originLoad: 8 }],
  ] as const)('%s', (_, circumstances) => {
    const { isAnnounced, claimed, announcement } = aboutToFetch(circumstances)
    expect([isAnnounced, claimed, announcement.isPending]).toEqual([false, [], false])
  })
})

const FACTS = fileOf(CHUNKS)
const [ANNA, OTHER] = [peer(1), peer(9)]
const MIRROR: OriginTag = 22

/** In a crowd, late, beside Anna, who has 40 of 100 chunks, and others; its timers ring so late. It has just claimed a run. */
function claimantInCrowd(
  lateMs: number,
  options: VisitorOptions = {},
  neighbours = 1,
): { visitor: Visitor; claimed: ChunkRun } {
  const visitor = new Visitor(options)
  visitor.start()
  visitor.welcome({ joinIndex: 44, swarmSize: 45, facts: FACTS })
  visitor.meet(ANNA, FACTS)
  for (const other of range(2, neighbours + 1)) visitor.meet(peer(other), FACTS)
  visitor.hearHave(ANNA, range(0, 40))
  let deliveredAtMs = 0
  for (const turn of range(1, 2000)) {
    visitor.ring(lateMs)
    // The origins give little, and to nobody any more once the coin is tossed.
    if (visitor.nowMs < 4000)
      for (const origin of [0, MIRROR])
        visitor.hear(ANNA, { ...claimOf(OTHER, turn, 50, 1, 2), origin, goodputBytesPerSec: 1000 })
    if (visitor.nowMs - deliveredAtMs > 2000 && visitor.askedOf(ANNA).length > 0) {
      deliveredAtMs = visitor.nowMs
      visitor.deliver(ANNA)
    }
    const claimed = ownClaims(visitor).at(-1)
    if (claimed !== undefined) return { visitor, claimed }
  }
  throw new Error('It won no seat.')
}

function ownClaims(visitor: Visitor): ChunkRun[] {
  const own = sent(visitor.outputs, 'claim').filter(({ message }) => message.peer === SELF)
  return own.flatMap(({ message }) => message.runs)
}

function firstChunks(visitor: Visitor): number[] {
  return visitor.all('fetch').map(({ firstChunk }) => firstChunk)
}

function endOf({ start, count }: ChunkRun): number {
  return start + count
}

describe('whoever has won a seat', () => {
  it('asks the origin at once where the processor is not busy', () => {
    const { visitor, claimed } = claimantInCrowd(0)
    expect(firstChunks(visitor)).toEqual([claimed.start])
  })

  it('tells all its neighbours, or three of them where the processor is not busy', () => {
    const counts = [0, 50].map((lateMs) => {
      const { visitor } = claimantInCrowd(lateMs, {}, 8)
      const told = sent(visitor.outputs, 'claim').filter(({ message }) => message.peer === SELF)
      return new Set(told.map(({ peer: to }) => to)).size
    })
    expect(counts).toEqual([3, 8])
  })

  it('listens first where it is, and then asks for what it has claimed', () => {
    const { visitor, claimed } = claimantInCrowd(50)
    visitor.pass(400)
    expect(firstChunks(visitor)).toEqual([])
    visitor.pass(1200)
    expect(firstChunks(visitor)).toEqual([claimed.start])
    expect(ownClaims(visitor)).toHaveLength(1)
  })

  it('asks at once for the next one, as nobody else holds a seat', () => {
    const { visitor, claimed } = claimantInCrowd(50)
    visitor.pass(1600)
    const { run } = visitor.latestRun
    visitor.openRun(run, FACTS.sizeBytes)
    visitor.bring(run, claimed.count)
    visitor.endRun(run)
    expect(firstChunks(visitor)).toHaveLength(2)
  })

  it('asks at once where there are mirrors', () => {
    const { visitor, claimed } = claimantInCrowd(50, { origins: [0, MIRROR] })
    expect(firstChunks(visitor)).toEqual([claimed.start])
  })

  it('leaves the run to another that claims it meanwhile, and announces another', () => {
    const { visitor, claimed } = claimantInCrowd(50)
    visitor.pass(400)
    visitor.hear(ANNA, claimOf(peer(8), 1, claimed.start, claimed.count))
    visitor.pass(1200)
    const next = ownClaims(visitor).at(-1) ?? claimed
    expect(next.start >= endOf(claimed) || endOf(next) <= claimed.start).toBe(true)
    expect(firstChunks(visitor)).toEqual([])
    visitor.pass(1600)
    expect(firstChunks(visitor)).toEqual([next.start])
  })

  it('gives the seat up where nothing else is left', () => {
    const { visitor, claimed } = claimantInCrowd(50)
    visitor.pass(400)
    visitor.hear(ANNA, claimOf(peer(8), 1, 40, 60))
    const outputs = visitor.pass(1200)
    expect(firstChunks(visitor)).toEqual([])
    expect(claimed.start).toBeGreaterThanOrEqual(40)
    expect(sent(outputs, 'claim').map(({ message }) => [message.peer, message.runs])).toContainEqual([
      SELF,
      [],
    ])
  })

  it('waits no longer once nobody else is trusted', () => {
    const { visitor } = claimantInCrowd(50)
    visitor.handle({ type: 'distrustPeers' })
    expect(firstChunks(visitor)).toHaveLength(1)
    visitor.pass(5000)
    expect(firstChunks(visitor)).toHaveLength(1)
  })

  it('does not ask after it was paused', () => {
    const { visitor } = claimantInCrowd(50)
    visitor.handle({ type: 'pause' })
    visitor.pass(5000)
    expect(firstChunks(visitor)).toEqual([])
  })
})
