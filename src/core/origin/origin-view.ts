/**
 * What our seat knows of the swarm when it decides: which chunks are free, taken or needless, and how the mesh and
 * the origin have done so far.
 */

import type { Context } from '../context.ts'
import type { Inventory } from '../inventory.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { ChunkRun, PeerId } from '../types.ts'
import type { ClaimGossip } from './claim-gossip.ts'
import type { DuplicateView } from './duplicate-run.ts'
import type { Run } from './run.ts'

/**
 * After a run was cut short, others' claims on what we claim ourselves do not count for so long, in ms; for less after the first
 * cut (guesses): several whom the topology server answered late are cut all at once, and may well choose the same chunks again.
 * Four of them fetched up to half a copy more with 10 s (simulated); among uplinks that are scarce, with 1 s for every cut, all
 * took 3% longer.
 */
const YIELD_PAUSE_MS = 10_000
const FIRST_YIELD_PAUSE_MS = 1000

/**
 * The mesh is busy while neighbours have so much for us, in ms, and have given us some of it within that time (guess);
 * a whole chunk within a minute, or a dribble would do. In a crowd of 10,000 a few of all wait 12 s for one: with 10 s for
 * whole chunks, too, they fetched 0.15 copies in the second minute (simulated).
 */
const BUSY_MS = 10_000
const LONGEST_CHUNK_MS = 60_000

/**
 * Where the processor is the limit, so is a mesh that has given us a whole chunk within this time, in ms, whatever neighbours have
 * for us: of 48 visitors on two cores each fetched a few of the last chunks, of which it had heard nothing for seconds (measured).
 */
const LONGEST_BUSY_CHUNK_MS = 20_000

/** Of neighbours that give nothing for longer than this, in ms, the word that they are busy does not count (guess: a claim's life and a half). */
const BUSY_SILENT_MS = 8000

/** What may be expected of a run beside the mesh. */
export interface Prospects {
  /** It brings so much more that what others are about to fetch is not waited for, and there is nothing else to fetch. */
  readonly runLeads: () => boolean
  /** What exists elsewhere is fetched all the same. Takes time to find out. */
  readonly duplicatesPay: () => boolean
}

export class OriginView {
  readonly inventory: Inventory
  readonly isFollowed: (chunk: number) => boolean
  private readonly context: Context
  private readonly mesh: Mesh
  private readonly gossip: ClaimGossip
  private yieldedAtMs = -Infinity
  private yieldPauseMs = 0
  /** How long the mesh is busy with us, and how long first copies are expected: asked for every chunk, worked out once. */
  private readonly outlook = { atMs: -Infinity, busyMs: 0, patienceMs: 0, hasTime: false }
  private readonly workOutTime: (view: OriginView) => boolean

  /** `isFollowed`: another seat of ours is about to bring the chunk. `hasTime`: see `RunPlanner.hasTime`. */
  constructor(
    context: Context,
    mesh: Mesh,
    gossip: ClaimGossip,
    inventory: Inventory,
    isFollowed: (chunk: number) => boolean = () => false,
    hasTime: (view: OriginView) => boolean = () => false,
  ) {
    this.context = context
    this.mesh = mesh
    this.gossip = gossip
    this.inventory = inventory
    this.isFollowed = isFollowed
    this.workOutTime = hasTime
  }

  /** Nobody has it, asks for it or is about to fetch it. */
  isFree(chunk: number): boolean {
    const { inventory } = this
    if (!inventory.isMissing(chunk) || inventory.isReserved(chunk) || this.isFollowed(chunk)) return false
    return inventory.askedCount(chunk) === 0 && !this.isTaken(chunk)
  }

  hasFree(): boolean {
    return this.countFree(1) > 0
  }

  /** At most so many are looked for. */
  countFree(most: number): number {
    const { chunkCount } = this.inventory.geometry
    let count = 0
    for (let chunk = 0; chunk < chunkCount && count < most; chunk++) if (this.isFree(chunk)) count++
    return count
  }

  /** Somebody is working its way towards the chunk, from the one before it. */
  isApproached(chunk: number): boolean {
    if (chunk === 0 || this.inventory.kept.has(chunk - 1)) return false
    return this.isFollowed(chunk - 1) || this.isTaken(chunk - 1)
  }

  /** The run need not bring this chunk: it is here, or comes from elsewhere. */
  isNeedless(run: Run, chunk: number, { duplicatesPay, runLeads }: Prospects): boolean {
    if (!this.inventory.isMissing(chunk)) return true
    if (run.isDuplicate || !this.mesh.requests.trustPeers) return false
    if (this.isKnownToExist(chunk)) return !duplicatesPay()
    return this.isOthers(chunk) && !runLeads()
  }

  /** Others have claimed it; where we have, too, the smaller id fetches it. */
  isOthers(chunk: number): boolean {
    const { nowMs, selfId } = this.context
    const isOurs = this.inventory.isReserved(chunk)
    // Not again and again, or an echo of our claims would starve us.
    if (isOurs && nowMs < this.yieldedAtMs + this.yieldPauseMs) return false
    return this.isClaimed(chunk, isOurs ? selfId : null)
  }

  /** A run was cut short: what others claim does not end another one for a while. */
  noteCut(): void {
    const { nowMs } = this.context
    this.yieldPauseMs = this.yieldedAtMs === -Infinity ? FIRST_YIELD_PAUSE_MS : YIELD_PAUSE_MS
    this.yieldedAtMs = nowMs
  }

  /** Neighbours have all that is missing from this chunk on. */
  isAllElsewhere(from: number): boolean {
    for (let chunk = from; chunk < this.inventory.geometry.chunkCount; chunk++)
      if (this.inventory.isMissing(chunk) && !this.isElsewhere(chunk)) return false
    return true
  }

  /** Time since the mesh last gave us anything, or since we came, in ms. */
  get meshSilentMs(): number {
    return this.context.nowMs - (this.mesh.requests.lastChunkAtMs ?? this.context.startedAtMs)
  }

  /** Figures for the question whether to fetch what others have. */
  duplicateView(origin: {
    readonly bytesPerSec: number
    readonly swarmSize: number
    readonly isDuplicating: boolean
    readonly firstChunkSec: number
    /** False: what is claimed counts as something that others have and we cannot get. */
    readonly trustClaims: boolean
  }): DuplicateView {
    const { nowMs, startedAtMs } = this.context
    const { geometry } = this.inventory
    let missingElsewhereBytes = 0
    let nowhereBytes = 0
    for (let chunk = 0; chunk < geometry.chunkCount; chunk++) {
      if (!this.inventory.isMissing(chunk)) continue
      if (!origin.isDuplicating && this.inventory.isReserved(chunk)) continue
      if (origin.trustClaims ? this.exists(chunk) : this.isTaken(chunk))
        missingElsewhereBytes += geometry.lengthBytes(chunk)
      else nowhereBytes += geometry.lengthBytes(chunk)
    }
    return {
      missingElsewhereBytes,
      nowhereBytes,
      meshBytesPerSec: this.mesh.requests.bytesPerSec,
      meshSilentSec: this.meshSilentMs / 1000,
      originBytesPerSec: origin.bytesPerSec,
      swarmSize: origin.swarmSize,
      elapsedSec: (nowMs - startedAtMs) / 1000,
      fileBytes: geometry.sizeBytes,
      isDuplicating: origin.isDuplicating,
      isUplinkIdle: this.mesh.service.isIdle,
      firstChunkSec: origin.firstChunkSec,
    }
  }

  /** What we miss, and nobody has. */
  get nowhereBytes(): number {
    const { geometry } = this.inventory
    let bytes = 0
    for (let chunk = 0; chunk < geometry.chunkCount; chunk++)
      if (this.inventory.isMissing(chunk) && !this.exists(chunk)) bytes += geometry.lengthBytes(chunk)
    return bytes
  }

  /** A neighbour has it, and may be believed. */
  isElsewhere(chunk: number): boolean {
    if (!this.mesh.requests.trustPeers || this.inventory.isDoubtful(chunk)) return false
    return this.inventory.rarity.holderCount(chunk) > 0
  }

  /** Somebody has it: a neighbour, or another as far as we were told. */
  exists(chunk: number): boolean {
    return this.isKnownToExist(chunk) || this.isSaidToExist(chunk)
  }

  /** Some of it nobody has, as far as we know. */
  isNewIn({ start, count }: ChunkRun): boolean {
    for (let chunk = start; chunk < start + count; chunk++) if (!this.exists(chunk)) return true
    return false
  }

  /** By a neighbour's word alone. It keeps from fetching whoever has time, and cuts no run short. */
  private isSaidToExist(chunk: number): boolean {
    if (!this.hasTime || !this.knowsClaims || chunk === this.mesh.requests.readerChunk) return false
    return !this.inventory.isDoubtful(chunk) && this.gossip.known.isSaidToExist(chunk)
  }

  private isKnownToExist(chunk: number): boolean {
    if (this.isElsewhere(chunk)) return true
    if (!this.knowsClaims || this.inventory.isDoubtful(chunk)) return false
    if (this.isComing(chunk)) return true
    // A claim may have been missed, or made before we came. Updates may be old, or lies: who has no time stands not idle for them.
    const hasTime = this.hasTime && chunk !== this.mesh.requests.readerChunk
    return (this.isMeshBusy || hasTime) && this.mesh.updates.tree?.existsAnywhere(chunk) === true
  }

  /** It has entered the swarm, as its first holder said. */
  private isComing(chunk: number): boolean {
    const { limits, nowMs } = this.context
    if (!limits.mechanisms.firstCopies || this.isDoubted(chunk)) return false
    const { firstCopies } = this.gossip
    const isUrgent = chunk === this.mesh.requests.readerChunk
    if (this.hasTime && !isUrgent && firstCopies.wasHeardOf(chunk) && !firstCopies.wasInVain(chunk))
      return true
    return firstCopies.isExpected(chunk, nowMs, this.look().patienceMs)
  }

  /** Neighbours have plenty for us, and give it: there is no hurry. */
  get isMeshBusy(): boolean {
    return this.look().busyMs > 0
  }

  /** They say so, and give all the same. */
  get areOthersBusy(): boolean {
    return this.meshSilentMs <= BUSY_SILENT_MS && this.gossip.known.areOthersBusy
  }

  /** See `hasTimeToSpare`. */
  get hasTime(): boolean {
    return this.look().hasTime
  }

  private look(): OriginView['outlook'] {
    const { outlook, gossip, mesh } = this
    const { nowMs } = this.context
    if (nowMs !== outlook.atMs) {
      outlook.atMs = nowMs
      outlook.busyMs = this.busyMs()
      outlook.hasTime = this.workOutTime(this)
      const peersPerNeighbour = gossip.swarmSize / Math.max(1, mesh.neighbours.size)
      outlook.patienceMs = gossip.firstCopies.patienceMs(outlook.busyMs, peersPerNeighbour)
    }
    return outlook
  }

  /** How long a busy mesh will take for all that we miss, at its present rate, in ms; 0 where it is not busy. */
  private busyMs(): number {
    const { geometry, rarity, missingBytes } = this.inventory
    const { limits, lateness } = this.context
    const hasPlenty =
      this.meshSilentMs < LONGEST_CHUNK_MS &&
      this.mesh.requests.silentMs < BUSY_MS &&
      this.meshTakesMs(rarity.availableCount * geometry.chunkBytes) >= BUSY_MS
    const isBusy = hasPlenty || (lateness.isBusy && this.meshSilentMs < LONGEST_BUSY_CHUNK_MS)
    return limits.mechanisms.busyMesh && isBusy ? this.meshTakesMs(missingBytes) : 0
  }

  /** 0 where the mesh gives nothing. */
  private meshTakesMs(bytes: number): number {
    const { bytesPerSec } = this.mesh.requests
    return bytesPerSec < 1 ? 0 : (bytes / bytesPerSec) * 1000
  }

  /** Others have it or claim it. */
  private isTaken(chunk: number): boolean {
    if (this.exists(chunk)) return true
    return this.isClaimed(chunk, null)
  }

  /** With `before`, only claimers whose id sorts before it count. */
  private isClaimed(chunk: number, before: PeerId | null): boolean {
    const { limits, nowMs } = this.context
    if (!limits.mechanisms.claims || !this.knowsClaims || this.isDoubted(chunk)) return false
    return this.gossip.claims.covers(chunk, nowMs, before)
  }

  /**
   * Among takers, a chunk of which one copy has come to nobody near us takes more than another's word that there is one:
   * where half of all gave nothing, those fetched the same chunks over and over, and whoever gave waited for each of them.
   * Among the honest, copies are but late: to doubt them there, too, cost a crowd of 700 two and a half copies (simulated).
   */
  private isDoubted(chunk: number): boolean {
    return this.gossip.firstCopies.wasInVain(chunk) && this.mesh.isAmongTakers
  }

  /**
   * Slurpie to the letter knows of no claims; who trusts nobody does not listen to them, and whom all have left will get
   * nothing of what they fetch.
   */
  private get knowsClaims(): boolean {
    if (!this.mesh.requests.trustPeers || this.mesh.neighbours.size === 0) return false
    return typeof this.context.limits.originLoad !== 'number'
  }
}
