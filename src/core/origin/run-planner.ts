/**
 * Which run to fetch next, and when to cut it short: from what the origin has delivered so far.
 */

import type { Geometry } from '../geometry.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { ChunkRun } from '../types.ts'
import { backlogSec, isBacklogTooLong } from './backlog.ts'
import { chooseDuplicateRun, isDuplicateWorthwhile } from './duplicate-run.ts'
import { bitReversed, FIRST_RUN_CHUNKS, firstRun, firstRunLimit } from './first-run.ts'
import { chooseFreeRun } from './free-run.ts'
import type { OriginLedger } from './ledger.ts'
import type { OriginContext } from './origin-context.ts'
import { OriginPace } from './origin-pace.ts'
import type { OriginView, Prospects } from './origin-view.ts'
import { isLeavingDear, type Run, type RunChoice } from './run.ts'
import { RunLengths } from './run-lengths.ts'
import { hasTimeToSpare, PlainDownload } from './time-to-spare.ts'

/**
 * A mesh that gives nothing for this long, in ms, makes claims doubtful: longer than a claim lives (5 s) unrenewed; and
 * no sooner than this share of a plain download's time, since a first chunk may take long through scarce uplinks, but
 * no later than two minutes (guesses).
 */
const MESH_SILENT_MS = 8000
const SILENT_AFTER_SHARE = 0.02
const LONGEST_SILENCE_MS = 120_000

/** So does one that delivers less than this share of what a plain download would (guess: far below any honest mesh). */
const SILENT_SHARE = 0.1

/** Neighbours that gave us something within this time, in ms, are "delivering" (guess). */
const MESH_ALIVE_MS = 10_000

/** A newcomer for so long, in ms: twice the time over which the best goodput is averaged. */
const NEWCOMER_MS = 4000

/** See `isShared`: a seat's rate comes and goes (guess). */
const MORE_THAN_SHARED = 1.5

/** See `runLeads`. With two visitors that share an origin's line each gets as much from the other as from it. */
const LEADS_BY = 1.5

/** The mesh has so much of a plain download's time to show what it can do: as much as before everybody goes to the origin. */
const LEADS_AFTER_SHARE = 0.01

/** A seat's home is so much of what is free (guess: of the three seats of a busy crowd each has one of its own). */
const HOME_WIDTH = 0.25

export class RunPlanner {
  private readonly context: OriginContext
  private readonly mesh: Mesh
  private readonly ledger: OriginLedger
  readonly pace: OriginPace
  readonly lengths: RunLengths
  private readonly plainDownload = new PlainDownload()
  private lastWasDuplicate = false
  /**
   * Near which place in what is free our runs are, on a busy processor, as a share of it; null: anywhere. There seats choose before
   * they hear of each other, and of few gaps two often draw the same.
   */
  private home: number | null = null

  constructor(context: OriginContext, mesh: Mesh, ledger: OriginLedger) {
    this.context = context
    this.mesh = mesh
    this.ledger = ledger
    this.pace = new OriginPace(context)
    this.lengths = new RunLengths(context, ledger, this.pace)
  }

  /** n̂, ourselves included. */
  get swarmSizeSeen(): number {
    return this.ledger.gossip.swarmSize
  }

  /** Nobody else is there, or nobody may be believed. */
  get isAlone(): boolean {
    return this.swarmSizeSeen === 1 || !this.mesh.requests.trustPeers
  }

  /**
   * What we fetch for ourselves alone is not worth saying: the processor is busy, and as many hold seats beside us as there
   * are to be. Elsewhere it is, as the plan is judged by what all seats say they get, and travels with what they say.
   */
  get isNobodysBusiness(): boolean {
    return this.context.lateness.isBusy && this.ledger.takenSeats >= this.ledger.seats
  }

  /** Seats that are held, ours included. */
  get seatsHeld(): number {
    return 1 + this.ledger.heldSeats
  }

  /** Of those who are known to hold seats our id is the least. */
  get isFirst(): boolean {
    return this.ledger.seatsBeforeOurs === 0
  }

  get seatsInUse(): number {
    return Math.min(this.ledger.seats, this.ledger.gossip.leechers)
  }

  /** Those among whom what is free is shared out: who has time leaves little of it to one (`seatsNow`). */
  private seatsSharing(view: OriginView): number {
    return view.hasTime ? Math.min(this.seatsInUse, this.seatsNow(view)) : this.seatsInUse
  }

  /**
   * The origin's best goodput, all seats together, in bytes a second: as claimed, and no less than ours suggests. Who has
   * just come has no average yet, and takes what is claimed now. On a busy processor, where each of them comes in gushes, the best that
   * lasted, once that is known.
   */
  private get originBytesPerSec(): number {
    const { takenSeats, claimedBytesPerSec, seatCount } = this.ledger
    const { nowMs, startedAtMs, lateness } = this.context
    const { bestBytesPerSec, lastingBytesPerSec } = seatCount.goodput
    if (lateness.isBusy && lastingBytesPerSec > 0) return lastingBytesPerSec
    const seats = Math.min(this.seatsInUse, 1 + takenSeats)
    const claimed = nowMs - startedAtMs < NEWCOMER_MS ? claimedBytesPerSec : 0
    return Math.max(bestBytesPerSec, this.pace.lastBytesPerSec * seats, claimed)
  }

  /** Neighbours have given us something lately. */
  get meshDelivers(): boolean {
    const { lastChunkAtMs } = this.mesh.requests
    return lastChunkAtMs !== null && this.context.nowMs - lastChunkAtMs < MESH_ALIVE_MS
  }

  /** Whether the mesh has given us nothing for too long, or hardly anything, whatever is claimed. */
  isMeshSilent(view: OriginView): boolean {
    const { limits, nowMs, startedAtMs } = this.context
    if (!limits.mechanisms.doubt || nowMs - startedAtMs < MESH_SILENT_MS) return false
    const plainShare = this.plainShareBytesPerSec
    const chanceMs = Math.max(
      SILENT_AFTER_SHARE * this.plainMs(view),
      1000 * this.firstChunkSec(view.inventory.geometry),
    )
    const patienceMs = plainShare > 0 ? Math.min(LONGEST_SILENCE_MS, chanceMs) : MESH_SILENT_MS
    if (nowMs - startedAtMs < patienceMs) return false
    if (view.meshSilentMs > Math.max(MESH_SILENT_MS, patienceMs)) return true
    return this.mesh.requests.bytesPerSec < SILENT_SHARE * plainShare
  }

  /** What all would take if all downloaded plainly, in ms. Infinity: nobody has said what the origin gives. */
  plainMs({ inventory }: OriginView): number {
    return (inventory.geometry.sizeBytes / this.plainShareBytesPerSec) * 1000
  }

  /** Takes a place of its own among the seats, by the order of arrival. With several origins each has a place. */
  settle(joinIndex: number, origins: number): void {
    this.home = bitReversed(joinIndex * origins + this.context.index)
  }

  /** A newcomer's, by its place in the order of arrival. With several origins each has a place. */
  firstRun({ inventory }: OriginView, joinIndex: number, origins: number): ChunkRun {
    const isAlone = this.swarmSizeSeen === 1
    return firstRun({
      joinIndex: isAlone ? 0 : this.placeIndex(joinIndex, origins),
      starters: isAlone ? 1 : this.seatsInUse * origins,
      chunkCount: inventory.geometry.chunkCount,
    })
  }

  /** What to ask for with it: no more than what those who came before have left. */
  decideFirst(view: OriginView, run: ChunkRun, joinIndex: number, origins: number): RunChoice {
    const { chunkCount } = view.inventory.geometry
    return this.decide(view, run, false, firstRunLimit(this.placeIndex(joinIndex, origins), chunkCount))
  }

  private placeIndex(joinIndex: number, origins: number): number {
    return (joinIndex % this.ledger.seatCount.seats) * origins + this.context.index
  }

  /** Without ranges there is but one run, the file: not to be begun anew while the mesh delivers. */
  asWhole(view: OriginView, choice: RunChoice): RunChoice | null {
    if (choice.isDuplicate && !this.isMeshSilent(view)) return null
    return { ...choice, run: { start: 0, count: view.inventory.geometry.chunkCount }, turnChunks: Infinity }
  }

  /** The next run: of free chunks, else help for another seat of ours, else of what others have; null: nothing is worth it. */
  choose(
    view: OriginView,
    from: { readonly continueAt: number | null; readonly place: number | null },
    help: () => RunChoice | null = () => null,
  ): RunChoice | null {
    const { inventory } = view
    const { lateness, random } = this.context
    // Not quite the same place each time: two whose homes are in one gap are not to meet in it again and again.
    const home =
      lateness.isBusy && this.home !== null ? (this.home + HOME_WIDTH * random.fraction()) % 1 : null
    const maxChunks = this.runChunks(inventory.geometry)
    const options = { chunkCount: inventory.geometry.chunkCount, ...from, home, maxChunks, random }
    const free = chooseFreeRun({
      ...options,
      isFree: (chunk) => view.isFree(chunk),
      isApproached: (chunk) => view.isApproached(chunk),
      readerChunk: this.mesh.requests.readerChunk,
      seats: this.seatsSharing(view),
    })
    if (free !== null) return this.decide(view, free, false)
    const helping = this.isLiteral ? null : help()
    if (helping !== null) {
      this.lastWasDuplicate = false
      return helping
    }
    if (this.isLiteral || !this.isDuplicateWorthwhile(view, this.lastWasDuplicate)) return null
    const duplicate = chooseDuplicateRun({
      ...options,
      bridgeChunks: this.lengths.chunksPerRoundTrip(inventory.geometry),
      isWanted: (chunk) => inventory.isMissing(chunk) && !view.isFollowed(chunk),
    })
    return duplicate === null ? null : this.decide(view, duplicate, true)
  }

  /**
   * Seats, or as many as there are visitors where waiting for one is plainly worse than a plain download. Whoever has time
   * leaves those alone that would find next to nothing: what is free for all is soon found by one, and what only we take to be free
   * had better be heard of first.
   */
  seatsNow(view: OriginView): number {
    if (view.hasTime) {
      const { seats } = this.ledger
      return Math.min(seats, Math.ceil(view.countFree(seats * FIRST_RUN_CHUNKS) / FIRST_RUN_CHUNKS))
    }
    const { nowMs, startedAtMs } = this.context
    return this.ledger.seatCount.seatsFor({
      seatsBeside: this.ledger.seatsBeside,
      swarmSize: this.ledger.gossip.leechers,
      originBytesPerSec: this.originBytesPerSec,
      meshBytesPerSec: this.mesh.requests.bytesPerSec,
      elapsedSec: (nowMs - startedAtMs) / 1000,
      fileBytes: view.inventory.geometry.sizeBytes,
      firstChunkSec: this.firstChunkSec(view.inventory.geometry),
      hasFree: () => view.hasFree(),
    })
  }

  /**
   * Until all have a first chunk, in seconds, if each passes it on at the origin's rate: those who have it double each time
   * (Yang and de Veciana, INFOCOM 2004), and twice that. Of a file that is one chunk it is all; else next to nothing.
   */
  private firstChunkSec({ chunkBytes }: Geometry): number {
    return ((2 * chunkBytes) / this.originBytesPerSec) * (1 + Math.log2(this.ledger.gossip.swarmSize))
  }

  /** What each would get if all downloaded plainly, in bytes a second. */
  private get plainShareBytesPerSec(): number {
    return this.originBytesPerSec / this.ledger.gossip.leechers
  }

  /** A plain download would bring more than the mesh does, or would if all had our uplink. */
  isPlainBetter(view: OriginView): boolean {
    if (view.hasTime || !this.doesMeshLag) return false
    return this.mesh.service.uplinkBytesPerSec < this.plainShareBytesPerSec
  }

  /** The mesh gives less than a plain download would. */
  private get doesMeshLag(): boolean {
    return this.mesh.requests.bytesPerSec < this.plainShareBytesPerSec
  }

  /** Runs may come to what others have: unless the mesh does better. On a busy processor it did not matter (measured). */
  get isSweeping(): boolean {
    return this.context.lateness.isBusy || this.doesMeshLag
  }

  /** See `hasTimeToSpare`; notes our share of the origin. Asked for every chunk: the view keeps the answer. */
  hasTime(view: OriginView): boolean {
    const { nowMs, startedAtMs, lateness } = this.context
    const { missingBytes, geometry, rarity } = view.inventory
    // Nobody waits for others without knowing what would be lost by it.
    const isSlow = lateness.wasBusyLately(nowMs) || (view.areOthersBusy && this.plainShareBytesPerSec > 0)
    if (!isSlow || this.isAlone) {
      this.plainDownload.forget()
      return false
    }
    const { plainShareBytesPerSec } = this
    const elapsedMs = nowMs - startedAtMs
    const { bytesPerSec, bestBytesPerSec } = this.mesh.requests
    return hasTimeToSpare({
      elapsedMs,
      fileBytes: geometry.sizeBytes,
      hereBytes: geometry.sizeBytes - missingBytes,
      plainBytes: this.plainDownload.bytesAfter(elapsedMs, plainShareBytesPerSec),
      plainShareBytesPerSec,
      meshBytesPerSec: bytesPerSec,
      meshBestBytesPerSec: Math.max(bestBytesPerSec ?? 0, bytesPerSec),
      meshSilentMs: view.meshSilentMs,
      isSomethingNear: rarity.availableCount > 0,
    })
  }

  /**
   * Our run brings so much more than the mesh, which has had its chance, that to wait for what others are about to fetch
   * would be a loss. Where something is free, it goes on there instead, and nobody waits: four whom the topology server answered
   * late had all begun with the first chunk, had nothing to give each other, and so all led, side by side to the end (measured).
   */
  private runLeads(view: OriginView): boolean {
    const { nowMs, startedAtMs } = this.context
    if (view.hasTime || nowMs - startedAtMs < LEADS_AFTER_SHARE * this.plainMs(view)) return false
    const { lastBytesPerSec, distanceMs } = this.pace
    if (lastBytesPerSec <= LEADS_BY * this.mesh.requests.bytesPerSec) return false
    return !view.hasFree() || isLeavingDear(view.inventory.geometry.sizeBytes, distanceMs, lastBytesPerSec)
  }

  /** Others wait for us, who have more first copies than go up in good time; and they wait for our seat, or share the origin. */
  isMoreForOthers(view: OriginView): boolean {
    const { isShared } = this
    const { requests, service } = this.mesh
    if (this.isLiteral || !requests.trustPeers || !(this.ledger.areOthersWaiting || isShared)) return false
    if (!service.isAwaited || service.uplinkBytesPerSec === 0 || this.isMeshSilent(view)) return false
    if (this.isPlainBetter(view) || this.isReaderWaiting(view)) return false
    const originSec = (): number => (isShared ? view.nowhereBytes / this.originBytesPerSec : Infinity)
    return isBacklogTooLong(backlogSec(view.inventory, service.uplinkBytesPerSec), originSec)
  }

  /**
   * Others have seats, too, and can take what we leave of the origin's rate, as we have no more of it than they. Not on a busy
   * processor, where all uplinks seem slow: eight on two cores made way for each other, and took up to twice as long (measured).
   */
  private get isShared(): boolean {
    const { requests, service } = this.mesh
    if (this.ledger.takenSeats === 0 || !service.isUplinkKnown || this.context.lateness.isBusy) return false
    const usualBytesPerSec = Math.max(this.plainShareBytesPerSec, requests.bytesPerSec)
    return this.pace.lastBytesPerSec <= MORE_THAN_SHARED * usualBytesPerSec
  }

  /** What an in-order reader waits for is to be had from nobody but the origin. */
  isReaderWaiting(view: OriginView): boolean {
    const { readerChunk } = this.mesh.requests
    return readerChunk !== null && view.isFree(readerChunk)
  }

  /**
   * Whether fetching what others have gets us there sooner. While the mesh does better than a plain download, what is free comes
   * first: of eight visitors whose processors were the limit three went on into what others had, and took as much of the
   * origin's rate as the last free chunks got (measured).
   */
  isDuplicateWorthwhile(view: OriginView, isDuplicating: boolean): boolean {
    if (!this.context.limits.mechanisms.duplicates || view.hasTime) return false
    if (!this.doesMeshLag && view.hasFree()) return false
    const figures = view.duplicateView({
      bytesPerSec: this.originBytesPerSec,
      swarmSize: this.ledger.gossip.leechers,
      isDuplicating,
      firstChunkSec: this.firstChunkSec(view.inventory.geometry),
      trustClaims: !this.isMeshSilent(view),
    })
    return isDuplicateWorthwhile(figures)
  }

  /** What may be expected of a run under way beside the mesh; worked out once for all its chunks. */
  prospects(view: OriginView): Prospects {
    let runLeads: boolean | null = null
    let duplicatesPay: boolean | null = null
    return {
      runLeads: () => (runLeads ??= this.runLeads(view)),
      duplicatesPay: () => (duplicatesPay ??= this.isDuplicateWorthwhile(view, true)),
    }
  }

  /** Slurpie's k/n and nothing else. */
  get isLiteral(): boolean {
    return typeof this.context.limits.originLoad === 'number'
  }

  /** Not to bring these chunks is reason to leave the run. */
  isEnoughToLeave(run: Run, start: number, end: number, geometry: Geometry): boolean {
    return end >= run.end || this.lengths.isWorthCutting(end - start, geometry)
  }

  /** Takes the turn as far on as there is something to fetch, before this chunk. */
  decide(view: OriginView, turn: ChunkRun, isDuplicate: boolean, limit: number = Infinity): RunChoice {
    this.lastWasDuplicate = isDuplicate
    const { inventory } = view
    let end = turn.start + turn.count
    const mostEnd = Math.min(inventory.geometry.chunkCount, limit)
    const isWanted = (chunk: number): boolean => {
      if (!isDuplicate) return view.isFree(chunk)
      return inventory.isMissing(chunk) && !inventory.isReserved(chunk) && !view.isFollowed(chunk)
    }
    // What is not wanted is fetched along, where that is quicker than another request.
    const bridge = isDuplicate ? this.lengths.chunksPerRoundTrip(inventory.geometry) : 0
    // On a busy processor much is under way when a response is closed: 70 KB each time, of 48 visitors on two cores (measured).
    if (!this.isLiteral && !this.lengths.isToBeBrief)
      for (let chunk = end; chunk < mostEnd && chunk - end <= bridge; chunk++)
        if (isWanted(chunk)) end = chunk + 1
    return { run: { start: turn.start, count: end - turn.start }, turnChunks: turn.count, isDuplicate }
  }

  /** Length of a run, in chunks. Alone, to the end of the file. */
  runChunks(geometry: Geometry): number {
    if (this.isLiteral && this.mesh.requests.trustPeers) return 1
    return this.isAlone ? geometry.chunkCount : this.lengths.runChunks(geometry)
  }
}
