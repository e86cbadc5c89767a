/**
 * A BitTorrent client with a web seed, like WebTorrent: BEP 3 with BEP 19 over the lines, links and origin of the
 * simulated network. What is modelled, and what is our choice where the specification leaves it open:
 *
 * - Pieces are the scenario's chunks, and are passed on whole and verified. Blocks are pipelined by rate; a request is
 *   for the rest of a piece and its blocks come in order, so that a piece in part is its beginning. It is kept when its
 *   sender chokes us, and another is asked for the rest.
 * - Random for the first piece, then rarest first, endgame; `piece-picker.ts`.
 * - Four served by rate, one optimistically; `choking.ts`. Each client's reviews begin at a random time of its own.
 * - A tracker that names 40; links up to 55, started below 30; `finding.ts`. Links are set up as the library's are,
 *   with the tracker in place of its server.
 * - The web seed is one connection that is never idle while pieces are missing that nobody brings; `web-seed.ts`.
 *   WebTorrent asks for up to four pieces at once, each over a connection; adjacent pieces in one range do as well here.
 * - A gain is told to the neighbours that lack it, to the others it is of no use; who has everything tells all. Seeds
 *   close links between each other.
 *
 * Left out: anti-snubbing, peer exchange, DHT, encryption, upload limits. Control messages cost what BEP 3 says they do;
 * blocks carry the library's few bytes of header, where BEP 3 has 13 in 16 KiB (0.08%).
 */

import type { Random } from '../../src/core/random.ts'
import type { PeerId } from '../../src/core/types.ts'
import { Downlink } from '../downlink.ts'
import { SimLinks, type SimSignal } from '../links.ts'
import type { Machine, NetworkInput } from '../machine.ts'
import { TOPOLOGY_PLACE } from '../network.ts'
import type { Visitor } from '../population.ts'
import { HostRuns } from '../runs.ts'
import { Uplink } from '../uplink.ts'
import { Exchange } from './exchange.ts'
import { Finding, MAX_LINKS, peerIdOf } from './finding.ts'
import { Pieces } from './pieces.ts'
import type { WireMessage } from './wire.ts'
import type { BitTorrentWorld } from './world.ts'

export class Client implements Machine {
  readonly world: BitTorrentWorld
  readonly index: number
  readonly peerId: PeerId
  readonly isPolluter: boolean
  readonly downBytesPerMs: number
  readonly links: SimLinks
  readonly uplink: Uplink
  bytesFromPeers = 0
  senders = 0
  private readonly runs: HostRuns
  private readonly downlink: Downlink
  private readonly pieces: Pieces
  private readonly exchange: Exchange
  /** Null: without peers, or never told of a tracker. */
  private readonly finding: Finding | null
  private isGone = false

  constructor(world: BitTorrentWorld, visitor: Visitor, random: Random) {
    const { index, link, isPolluter, isAlone, lacksTopology } = visitor
    this.world = world
    this.index = index
    this.peerId = peerIdOf(index)
    this.isPolluter = isPolluter
    this.downBytesPerMs = link.downBytesPerSec / 1000
    this.links = new SimLinks(this, MAX_LINKS)
    this.uplink = new Uplink(this, link.upBytesPerSec)
    this.runs = new HostRuns(this)
    this.downlink = new Downlink(this, this.runs)
    this.pieces = new Pieces(world.geometry, random.fork())
    this.exchange = new Exchange(this, { pieces: this.pieces, runs: this.runs }, random.fork())
    this.finding = isAlone || lacksTopology ? null : this.newFinding()
  }

  get bytesFromOrigin(): number {
    return this.runs.bytes
  }

  get isSeed(): boolean {
    return this.pieces.isComplete
  }

  start(): void {
    if (this.isSeed) return this.world.completed(this)
    this.finding?.start()
    this.exchange.start()
  }

  /** The visitor goes: the client is closed, or (`quietly`) the machine dies. */
  stop(quietly: boolean): void {
    this.isGone = true
    this.finding?.stop(quietly)
    this.exchange.stop()
    this.runs.abortAll()
    this.uplink.unserveAll()
    this.links.closeAll(quietly)
  }

  /** What a neighbour says. */
  hear(peer: PeerId, message: WireMessage): void {
    if (this.isGone) return
    const { queue, tally } = this.world
    const chunk = 'chunk' in message ? { chunk: message.chunk } : {}
    tally.note(queue.nowMs, this.index, { type: 'message', message, ...chunk })
    this.exchange.hear(peer, message)
  }

  // ------------------------------------------------------------------------------------- what the network asks of it

  receive(bytes: number, sentInMs: number): number {
    return this.downlink.receive(bytes, sentInMs)
  }

  tookIn(bytes: number): void {
    this.bytesFromPeers += bytes
    this.world.tally.bytesFromPeers += bytes
  }

  sendSignal(peer: PeerId, data: SimSignal): void {
    const { queue, network, tracker } = this.world
    const other = this.world.clientOf(peer)
    if (other === null || tracker.isAway(queue.nowMs)) return
    tracker.relayed++
    const rttsMs = network.rttMs(this.index, TOPOLOGY_PLACE) + network.rttMs(other.index, TOPOLOGY_PLACE)
    queue.callAt(queue.nowMs + rttsMs / 2, () => {
      if (!other.isGone) other.links.signal(this.peerId, data)
    })
  }

  feed(input: NetworkInput): void {
    if (this.isGone) return
    const { exchange, finding } = this
    this.world.tally.note(this.world.queue.nowMs, this.index, input)
    switch (input.type) {
      case 'linkOpened':
        finding?.settled(input.peer)
        return exchange.linkOpened(input.peer)
      case 'linkClosed':
        finding?.settled(input.peer)
        exchange.linkClosed(input.peer)
        return finding?.fill()
      case 'message':
        if (input.message.type === 'block') exchange.blockCame(input.peer, input.message)
        return
      case 'served':
        return exchange.served(input.peer)
      case 'runProgressed':
        return exchange.rangeProgressed(input.run, input.bytes)
      case 'runEnded':
        return exchange.rangeEnded(input.run)
      case 'linkSignal':
      case 'runOpened':
      case 'runChunk':
      // Its origin has no faults; a range that failed would show as a visitor that never became complete.
      case 'runFailed':
        return
    }
  }

  private newFinding(): Finding {
    const { exchange } = this
    return new Finding(this, this.world.tracker, {
      linkCount: () => exchange.neighbourCount,
      wantsMore: () => !this.isSeed,
      isKnown: (peer) => exchange.isKnown(peer),
    })
  }
}
