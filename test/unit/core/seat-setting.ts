/** What a seat goes by, by itself: a neighbour that gives, claims that are heard, and what is made of them. */

import type { Context } from '../../../src/core/context.ts'
import type { Inventory } from '../../../src/core/inventory.ts'
import type { Mesh } from '../../../src/core/mesh/mesh.ts'
import { ClaimGossip } from '../../../src/core/origin/claim-gossip.ts'
import { OriginLedger } from '../../../src/core/origin/ledger.ts'
import { OriginView } from '../../../src/core/origin/origin-view.ts'
import { RunPlanner } from '../../../src/core/origin/run-planner.ts'
import type { SessionOutput } from '../../../src/core/session-io.ts'
import type { ChunkRun, PeerId } from '../../../src/core/types.ts'
import { meshWith, newContext, newInventory, originContext } from './parts.ts'
import { bitsOf, CHUNK_BYTES, peer, range } from './shapes.ts'
import { claimOf } from './visitor.ts'

export const CHUNKS = 100
export const ANNA: PeerId = peer(1)
const CLAIMER = peer(7)
/** How long the visit has gone on, unless a test says otherwise. */
const NOW_MS = 20_000

function asRun(chunk: number): ChunkRun {
  return { start: chunk, count: 1 }
}

/** A visitor beside Anna, who has the first half and gives a chunk every so many seconds. */
export class Setting {
  readonly outputs: SessionOutput[] = []
  readonly context: Context = newContext(this.outputs)
  readonly inventory: Inventory = newInventory(CHUNKS)
  readonly vanished: number[] = []
  readonly gone: number[] = []
  readonly mesh: Mesh = meshWith(ANNA, this.context, CHUNKS, this.inventory, {
    vanishedNearby: (chunk, isGone) => {
      this.vanished.push(chunk)
      if (isGone) this.gone.push(chunk)
    },
  })
  readonly gossip: ClaimGossip = new ClaimGossip(this.context, this.mesh)
  readonly view: OriginView = new OriginView(
    this.context,
    this.mesh,
    this.gossip,
    this.inventory,
    () => false,
    (view) => this.planner.hasTime(view),
  )
  readonly ledger: OriginLedger = new OriginLedger(originContext(this.context), this.gossip)
  readonly planner: RunPlanner = new RunPlanner(originContext(this.context), this.mesh, this.ledger)

  private readonly secondsPerChunk: number
  private claims = 0

  constructor(secondsPerChunk: number, forMs: number = NOW_MS) {
    this.gossip.equip(this.inventory)
    this.mesh.hear(ANNA, { type: 'have', chunks: range(0, CHUNKS / 2), digests: null })
    this.secondsPerChunk = secondsPerChunk
    this.goOn(forMs)
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

  /** Another claims these chunks, and says that it has brought those and that the origin gives it so much. */
  claim(claimed: readonly number[], brought: readonly number[] = [], goodputBytesPerSec = 0): void {
    this.gossip.hear(
      {
        ...claimOf(CLAIMER, ++this.claims, 0, 0, 2),
        runs: claimed.map(asRun),
        brought: brought.map(asRun),
        goodputBytesPerSec,
      },
      ANNA,
    )
  }

  /** The origin gives so much to all together, as far as has been seen: for 2.4 s. */
  originGives(bytesPerSec: number): void {
    for (const _ of range(0, 8)) {
      this.ledger.seatCount.goodput.note({ bytesPerSec, openSeats: 1 }, this.context.nowMs)
      this.goOn(300)
    }
  }

  /** The processor has more to do than it can: ten rings were so late. */
  ringLate(lateMs = 50): void {
    for (const _ of range(0, 10)) this.context.lateness.note(lateMs, this.context.nowMs)
  }

  update(chunks: readonly number[]): void {
    const bits = bitsOf(chunks, CHUNKS)
    this.mesh.hear(ANNA, { type: 'update', peer: peer(70), sequence: 1, hops: 2, degree: 8, bits })
  }
}

/** Beside so many others we hold chunks that Anna lacks, and have sent her one a second. */
export function holderOf(
  first: number,
  { swarm, sent = true, isAwaited = true }: { swarm: number; sent?: boolean; isAwaited?: boolean },
): Setting {
  const setting = new Setting(1)
  setting.gossip.noteServerCount(swarm)
  for (const chunk of range(CHUNKS / 2, CHUNKS / 2 + first))
    setting.inventory.markKept(chunk, { kind: 'origin', run: 0 })
  if (sent)
    for (const chunk of range(CHUNKS / 2, CHUNKS / 2 + 4)) {
      setting.mesh.hear(ANNA, { type: 'request', chunks: [chunk] })
      setting.goOn(1000)
      setting.mesh.hasServed(ANNA, chunk)
    }
  if (isAwaited) setting.mesh.hear(ANNA, { type: 'request', chunks: range(CHUNKS / 2, CHUNKS / 2 + 4) })
  return setting
}
