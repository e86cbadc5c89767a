/**
 * Downloads as any other, and floods forged claims, first copies and updates: in its own name, in those of peers it has
 * heard of, and in invented ones. More of them than a neighbour listens to, so that its budget is what protects it.
 */

import type { Geometry } from '../../src/core/geometry.ts'
import type { Random } from '../../src/core/random.ts'
import type { Session } from '../../src/core/session.ts'
import type { SessionInput, SessionOutput } from '../../src/core/session-io.ts'
import type { ChunkRun, PeerId } from '../../src/core/types.ts'
import { MAX_RENEWAL_SEC, MAX_SEATS } from '../../src/core/wire/limits.ts'
import type { Claim, PeerMessage, SeatPlan, Update } from '../../src/core/wire/peer-messages.ts'
import { allBits } from './boast.ts'
import type { Means, Mind } from './mind.ts'

/** Claims over each link in a second: above the 200 that a neighbour listens to. Updates: above its 5. */
const CLAIMS_PER_SEC = 250
const UPDATES_PER_SEC = 10

/** Sent in lots, so often, in ms: a flood as good, for fewer events. */
const LOT_EVERY_MS = 200

/** Names heard of that are kept. */
const MAX_NAMES = 64

/** Shares of what is forged in names that were heard of, and in invented ones. The rest is in its own. */
const BORROWED_SHARE = 0.5
const INVENTED_SHARE = 0.4

const UINT32 = 2 ** 32

export class Forger implements Mind {
  private readonly session: Session
  private readonly geometry: Geometry
  private readonly random: Random
  private readonly claimsPerLot: number
  private readonly bits: Uint8Array
  private readonly links = new Set<PeerId>()
  private readonly names: PeerId[] = []
  private selfId: PeerId | null = null
  private sequence = UINT32 / 2
  private forgesAtMs = Infinity
  /** What is due of a claim and of an update, in parts of one. */
  private readonly due = { claims: 0, updates: 0 }

  constructor({ session, geometry, random, forgedPerSec }: Means) {
    this.session = session
    this.geometry = geometry
    this.random = random
    this.claimsPerLot = ((forgedPerSec ?? CLAIMS_PER_SEC) * LOT_EVERY_MS) / 1000
    this.bits = allBits(geometry.chunkCount)
  }

  handle(input: SessionInput, nowMs: number): SessionOutput[] {
    this.listen(input, nowMs)
    const outputs = this.session.handle(input, nowMs)
    return nowMs < this.forgesAtMs ? outputs : [...outputs, ...this.forge(nowMs)]
  }

  nextDeadlineMs(): number | null {
    const nextMs = Math.min(this.session.nextDeadlineMs() ?? Infinity, this.forgesAtMs)
    return nextMs === Infinity ? null : nextMs
  }

  private listen(input: SessionInput, nowMs: number): void {
    if (input.type === 'welcomed') this.selfId = input.welcome.id
    if (input.type === 'linkClosed') this.links.delete(input.peer)
    if (input.type !== 'message') return
    const { peer, message } = input
    if (message.type === 'claim' || message.type === 'update') this.keepName(message.peer)
    if (message.type !== 'hello') return
    this.links.add(peer)
    this.keepName(peer)
    if (this.forgesAtMs === Infinity) this.forgesAtMs = nowMs + LOT_EVERY_MS
  }

  private keepName(peer: PeerId): void {
    if (this.names.length < MAX_NAMES) this.names.push(peer)
    else this.names[this.random.below(MAX_NAMES)] = peer
  }

  private forge(nowMs: number): SessionOutput[] {
    this.forgesAtMs =
      this.links.size === 0 || this.geometry.chunkCount === 0 ? Infinity : nowMs + LOT_EVERY_MS
    const { due } = this
    due.claims += this.claimsPerLot
    due.updates += (UPDATES_PER_SEC * LOT_EVERY_MS) / 1000
    const outputs: SessionOutput[] = []
    for (const peer of this.links) {
      const say = (message: PeerMessage): void => void outputs.push({ type: 'send', peer, message })
      for (let count = 1; count <= due.claims; count++) say(this.claim())
      for (let count = 1; count <= due.updates; count++) say(this.update())
    }
    due.claims %= 1
    due.updates %= 1
    return outputs
  }

  private claim(): Claim {
    const { random } = this
    return {
      type: 'claim',
      peer: this.name(),
      // The one that everybody asks.
      origin: 0,
      sequence: this.nextSequence(),
      hops: random.below(4),
      runs: [this.someRun()],
      brought: [this.someRun(), this.someRun()],
      goodputBytesPerSec: random.uint32(),
      renewalSec: 1 + random.below(MAX_RENEWAL_SEC),
      plan: this.plan(),
    }
  }

  private update(): Update {
    const { random, bits } = this
    const hops = 1 + random.below(3)
    return {
      type: 'update',
      peer: this.name(),
      sequence: this.nextSequence(),
      hops,
      degree: random.below(256),
      bits,
    }
  }

  /** Of any version and length, in every phase: whoever believes the highest version believes this. */
  private plan(): SeatPlan {
    const { random } = this
    const seats = random.fraction() < 0.5 ? 1 : 1 + random.below(MAX_SEATS)
    return {
      version: random.below(2 ** 31),
      seats,
      phase: (['steady', 'growing', 'shrinking'] as const)[random.below(3)] ?? 'steady',
      heldSeats: seats,
      triesLess: random.fraction() < 0.5,
      holdSec: random.below(1000),
      patienceSec: random.below(1000),
      goodputBytesPerSec: random.uint32(),
      openSeats: seats,
    }
  }

  private name(): PeerId {
    const { random, names } = this
    const kind = random.fraction()
    const borrowed = kind < BORROWED_SHARE ? names[random.below(Math.max(1, names.length))] : undefined
    if (borrowed !== undefined) return borrowed
    if (kind < BORROWED_SHARE + INVENTED_SHARE || this.selfId === null)
      return [random.uint32(), random.uint32()]
        .map((word) => word.toString(16).padStart(8, '0'))
        .join('') as PeerId
    return this.selfId
  }

  /** Beyond every honest sequence, so that what the owner of the name says is old news. */
  private nextSequence(): number {
    this.sequence = this.sequence + 1 < UINT32 ? this.sequence + 1 : UINT32 / 2
    return this.sequence
  }

  private someRun(): ChunkRun {
    const { chunkCount } = this.geometry
    const start = this.random.below(chunkCount)
    return { start, count: 1 + this.random.below(chunkCount - start) }
  }
}
