/**
 * One neighbour: what it holds, what we asked of it, what it asked of us.
 */

import { Bitfield } from '../bitfield.ts'
import { RateMeter } from '../rate.ts'
import type { PeerId } from '../types.ts'

/** A chunk we asked this neighbour for. */
export interface Outstanding {
  readonly askedAtMs: number
  /** Bytes of the present answer, from its first block on. */
  receivedBytes: number
  /** The most that any answer brought: beginning anew is no progress. */
  furthestBytes: number
}

/** A chunk this neighbour is being sent. */
export interface Serving {
  readonly chunk: number
  readonly sinceMs: number
}

/**
 * Chunks asked of one neighbour at a time: at first, fewest and most. More than the link's bandwidth–delay product is
 * a choice lost: with 500 peers and scarce uplinks, one each took 1.12 times the bound, two 1.17, four 1.26 (a model).
 */
const FIRST_PIPELINE = 2
const MIN_PIPELINE = 1
const MAX_PIPELINE = 16

/** Longest round trip that requests are to bridge, in ms: a bad path between two continents (guess). */
const LONGEST_ROUND_TRIP_MS = 300

/** Window of the rate at which a neighbour gives, in ms. */
const RATE_WINDOW_MS = 3000

/** BitTorrent's window for who gives most, in ms. */
const GIVING_WINDOW_MS = 20_000

/** A chunk that took this many times the fastest one had company enough: do not ask for more at once. */
const DEEPEN_BELOW = 2
const FLATTEN_ABOVE = 3

/** Fewer new bytes than this do not show that a neighbour is alive (guess: less than one packet). */
const PROGRESS_BYTES = 512

/** Most requests of a neighbour that are kept; more are refused. Twice what our own side ever asks for. */
export const MAX_QUEUED_REQUESTS = 32

export class Neighbour {
  readonly id: PeerId
  readonly openedAtMs: number
  /** Both hellos have been said and agree. */
  isReady: boolean = false
  helloSent: boolean = false
  /** It verifies by its neighbours' digests, so each of our haves must carry them. */
  wantsDigests: boolean = false
  bitfieldSeen: boolean = false
  /** It is about to leave the swarm, and this is all that it still gives, in the order to ask in; null: it stays. */
  lastOffer: readonly number[] | null = null
  held: Bitfield
  /** In digest mode: what it says its chunks hash to. */
  readonly digests: Map<number, Uint8Array> = new Map()
  /** Chunks that we hold and have not told it of: it holds them, too, or cannot ask for them now. */
  readonly withheld: number[] = []
  /** It has nothing that we could ask for, as far as was looked. */
  isDry: boolean = false
  readonly outstanding: Map<number, Outstanding> = new Map()
  /** When it last sent a block, or was first asked after an idle time. */
  lastProgressMs: number = 0
  /** Until then nothing is asked of it: it stalled. */
  shunnedUntilMs: number = 0
  /** New bytes since `lastProgressMs`, as long as they are too few to count. */
  private dribbledBytes = 0
  stalls: number = 0
  /** Digests it told that the origin proved wrong. */
  wrongDigests: number = 0
  readonly queue: number[] = []
  serving: Serving | null = null
  /** It has given us a whole chunk. */
  hasGiven: boolean = false
  /** When we first asked it for something, in ms. */
  firstAskedAtMs: number = Infinity
  /** What it says it holds does not count, as it let us down and has given nothing so far. */
  isDiscounted: boolean = false
  /** Whole chunks that went either way lately. */
  readonly gave: RateMeter = new RateMeter(GIVING_WINDOW_MS)
  readonly got: RateMeter = new RateMeter(GIVING_WINDOW_MS)
  bytesReceived: number = 0
  bytesSent: number = 0
  private pipelineDepth = FIRST_PIPELINE
  /** Chunks beyond which requests would but wait in its queue. */
  private deepestUseful = FIRST_PIPELINE
  private readonly rate = new RateMeter(RATE_WINDOW_MS)
  private fastestMs = Infinity

  constructor(id: PeerId, chunkCount: number, nowMs: number) {
    this.id = id
    this.openedAtMs = nowMs
    this.held = new Bitfield(chunkCount)
  }

  /** Chunks that may be asked of it at a time. */
  get pipeline(): number {
    return this.pipelineDepth
  }

  /** It is asked for something and takes its time: its uplink has others to serve. */
  get isContended(): boolean {
    return this.pipelineDepth === MIN_PIPELINE && this.outstanding.size >= MIN_PIPELINE
  }

  /** Some of what it owes us is here. */
  get hasBegun(): boolean {
    for (const { receivedBytes } of this.outstanding.values()) if (receivedBytes > 0) return true
    return false
  }

  /** Room for another request? */
  canBeAsked(nowMs: number): boolean {
    return this.isReady && this.outstanding.size < this.pipelineDepth && nowMs >= this.shunnedUntilMs
  }

  /** New bytes came; a dribble is not yet progress. */
  noteBytes(newBytes: number, nowMs: number): void {
    this.bytesReceived += newBytes
    this.rate.add(newBytes, nowMs)
    this.dribbledBytes += newBytes
    if (this.dribbledBytes < PROGRESS_BYTES) return
    this.dribbledBytes = 0
    this.lastProgressMs = nowMs
  }

  /** A whole chunk came. */
  noteChunk(chunkBytes: number, nowMs: number): void {
    this.stalls = 0
    this.hasGiven = true
    this.gave.add(chunkBytes, nowMs)
  }

  /** A whole chunk came, `tookMs` after it was asked for: adapts the pipeline to the link. */
  adaptPipeline(tookMs: number, chunkBytes: number, nowMs: number): void {
    const bridgedBytes = (this.rate.bytesPerSec(nowMs) * LONGEST_ROUND_TRIP_MS) / 1000
    this.deepestUseful = Math.max(MIN_PIPELINE, Math.round(1 + bridgedBytes / chunkBytes))
    this.fastestMs = Math.min(this.fastestMs, Math.max(1, tookMs))
    if (tookMs < DEEPEN_BELOW * this.fastestMs)
      this.pipelineDepth = Math.min(MAX_PIPELINE, this.pipelineDepth + 1)
    else if (tookMs > FLATTEN_ABOVE * this.fastestMs)
      this.pipelineDepth = Math.max(MIN_PIPELINE, this.pipelineDepth - 1)
    this.pipelineDepth = Math.min(this.pipelineDepth, this.deepestUseful)
  }

  /** It kept us waiting: asks less of it, and nothing for a while. Returns until when, in ms. */
  noteStall(nowMs: number): number {
    this.stalls++
    this.pipelineDepth = MIN_PIPELINE
    this.shunnedUntilMs = nowMs + 5000 * 2 ** Math.min(5, this.stalls - 1)
    return this.shunnedUntilMs
  }

  /** Whether it was shunned until about now; once. */
  endsShunning(nowMs: number): boolean {
    if (this.shunnedUntilMs === 0 || nowMs < this.shunnedUntilMs) return false
    this.shunnedUntilMs = 0
    return true
  }
}
