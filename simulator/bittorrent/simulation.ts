/**
 * The visitors of a scenario with BitTorrent clients: the same people over the same lines, links, distances and origin
 * as the swarm of the same seed, and the same account of what came of it. They come, stay, linger, leave, die, have no
 * peers, no tracker or other bytes as the scenario says. What else goes wrong with the network, the origin or by those who
 * do harm, and settings of sessions, do not concern them.
 */

import { defaultChunkBytes, Geometry } from '../../src/core/geometry.ts'
import { Random } from '../../src/core/random.ts'
import type { PeerId } from '../../src/core/types.ts'
import { type Entry, newEntry, outcomeOf, takeBytes } from '../entry.ts'
import { type Actor, EventQueue } from '../event-queue.ts'
import type { SimulateOptions } from '../inspection.ts'
import { Living } from '../living.ts'
import type { NetworkWorld, SimPayload } from '../machine.ts'
import { Network } from '../network.ts'
import { Payloads } from '../payloads.ts'
import { newcomer, population, stayMs } from '../population.ts'
import type { RunResult, Scenario } from '../scenario.ts'
import { SimOrigin } from '../sim-origin.ts'
import { DEFAULT_MAX_MS, PROGRESS_EVERY_EVENTS } from '../simulation.ts'
import { Standstill, StandstillWatch } from '../standstill.ts'
import { Tally } from '../tally.ts'
import { Client } from './client.ts'
import type { WebSeedOrder } from './piece-picker.ts'
import { Tracker } from './tracker.ts'
import type { BitTorrentWorld, Delivered } from './world.ts'

export function simulateBitTorrent(
  order: WebSeedOrder,
  scenario: Scenario,
  options: SimulateOptions = {},
): RunResult {
  return new BitTorrentSimulation(order, scenario, options).run()
}

class BitTorrentSimulation implements BitTorrentWorld {
  readonly order: WebSeedOrder
  readonly queue: EventQueue = new EventQueue()
  readonly tally: Tally
  readonly attempts: NetworkWorld['attempts'] = new Map()
  readonly codec: NetworkWorld['codec'] = { peer: () => {} }
  readonly geometry: Geometry
  readonly network: Network
  readonly origin: SimOrigin
  readonly origins: readonly SimOrigin[]
  readonly tracker: Tracker
  readonly delivery: Actor<Delivered> = { happen: ({ end, message }) => this.deliver({ end, message }) }
  private readonly scenario: Scenario
  private readonly options: SimulateOptions
  private readonly watch: StandstillWatch
  private readonly seeds: Random
  private readonly chance: Random
  private readonly entries: Entry<Client>[]
  private readonly living = new Living()
  private readonly clients = new Map<PeerId, Client>()
  private readonly payloads = new Payloads()
  private sessions = 0
  /** Visitors that are neither complete nor dead. */
  private unfinished: number
  private completedCount = 0
  private lastCompletedMs = 0
  private openTimeMs = 0

  constructor(order: WebSeedOrder, scenario: Scenario, options: SimulateOptions) {
    this.order = order
    this.scenario = scenario
    this.options = options
    this.watch = new StandstillWatch(scenario.peers)
    this.tally = new Tally(this.watch)
    // People and distances are drawn first, as in a swarm: so they are the same.
    const random = new Random(scenario.seed)
    const people = random.fork()
    this.network = new Network(scenario.latency, random.fork())
    this.tracker = new Tracker(scenario.trouble?.topologyOutages ?? [], random.fork())
    this.seeds = random.fork()
    this.chance = random.fork()
    this.origin = new SimOrigin(this.queue, scenario.origin)
    this.origins = [this.origin]
    const { sizeBytes, chunkBytes = defaultChunkBytes(sizeBytes) } = scenario
    this.geometry = new Geometry({ sizeBytes, chunkBytes })
    this.entries = population(scenario, people).map(newEntry<Client>)
    this.unfinished = this.entries.length
  }

  run(): RunResult {
    const { queue, scenario } = this
    for (const { visitor } of this.entries) queue.callAt(visitor.arrivesMs, () => this.arrive(visitor.index))
    this.scheduleChurn()
    try {
      this.goOn()
    } catch (error) {
      if (!(error instanceof Standstill)) throw error
      this.tally.violate(`${error.message} Scenario ${scenario.name}, seed ${scenario.seed}.`)
    }
    return this.result()
  }

  private goOn(): void {
    const { queue, watch } = this
    const { maxMs = DEFAULT_MAX_MS, untilMs = 0 } = this.scenario
    while ((this.unfinished > 0 && queue.nextMs <= maxMs) || queue.nextMs <= untilMs) {
      if (!queue.step()) return
      watch.note(queue.nowMs, 'event', -1)
      if (queue.happened % PROGRESS_EVERY_EVENTS === 0) this.reportProgress()
    }
  }

  // ----------------------------------------------------------------------------------------- what clients need

  payload(byteLength: number, isGenuine: boolean): SimPayload {
    return this.payloads.of(byteLength, isGenuine)
  }

  nextSession(): number {
    return this.sessions++
  }

  clientOf(peer: PeerId): Client | null {
    return this.clients.get(peer) ?? null
  }

  completed({ index }: Client): void {
    const entry = this.entries[index]
    if (entry === undefined || entry.completedMs !== null) return
    entry.completedMs = this.queue.nowMs
    this.lastCompletedMs = this.queue.nowMs
    this.openTimeMs = this.origin.openTimeMs
    this.completedCount++
    this.unfinished--
    const { departure } = this.scenario
    if (departure.kind === 'stay') return
    this.queue.callAt(this.queue.nowMs + stayMs(departure, this.chance), () => this.leave(index, false))
  }

  private deliver({ end, message }: Delivered): void {
    const { peerId } = end.host
    if (end.state === 'open' && peerId !== null) this.clientOf(peerId)?.hear(end.peer, message)
  }

  // --------------------------------------------------------------------------------------- coming and going

  private arrive(index: number): void {
    const entry = this.entries[index]
    if (entry === undefined) return
    const client = new Client(this, entry.visitor, this.seeds.fork())
    entry.host = client
    this.clients.set(client.peerId, client)
    this.living.add(index)
    client.start()
  }

  private leave(index: number, quietly: boolean): void {
    const entry = this.entries[index]
    if (entry === undefined || entry.host === null) return
    entry.host.stop(quietly)
    takeBytes(entry)
    this.clients.delete(entry.host.peerId)
    entry.host = null
    this.living.remove(index)
  }

  private scheduleChurn(): void {
    const churn = this.scenario.trouble?.churn
    if (churn === undefined) return
    for (let atMs = churn.fromMs; atMs < churn.untilMs; atMs += churn.everyMs)
      this.queue.callAt(atMs, () => this.churn(churn.share))
  }

  private churn(share: number): void {
    const count = Math.round(this.living.count * share)
    for (let death = 0; death < count; death++) {
      const index = this.living.draw(this.chance)
      const entry = index === undefined ? undefined : this.entries[index]
      if (index === undefined || entry === undefined) return
      entry.hasDied = true
      if (entry.completedMs === null) this.unfinished--
      this.leave(index, true)
    }
    for (let birth = 0; birth < count; birth++) {
      const visitor = newcomer(this.scenario, this.entries.length, this.queue.nowMs, this.chance)
      this.entries.push(newEntry(visitor))
      this.unfinished++
      this.arrive(visitor.index)
    }
  }

  // ------------------------------------------------------------------------------------------- what came of it

  private reportProgress(): void {
    this.options.onProgress?.({
      virtualMs: this.queue.nowMs,
      completed: this.completedCount,
      peers: this.entries.length,
      events: this.queue.happened,
    })
  }

  private result(): RunResult {
    const { scenario, tally, tracker, origin, queue } = this
    for (const entry of this.entries) takeBytes(entry)
    const peers = this.entries.map(outcomeOf)
    for (const { index, tookMs, died } of peers)
      if (tookMs === null && !died) tally.violate(`Peer ${index} never became complete.`)
    const firstMs = this.entries[0]?.visitor.arrivesMs ?? 0
    const makespanMs = Math.max(0, this.lastCompletedMs - firstMs)
    return {
      scenario: scenario.name,
      policy: `bittorrent-${this.order}`,
      seed: scenario.seed,
      peers,
      makespanMs,
      originCopies: scenario.sizeBytes > 0 ? origin.bytesSent / scenario.sizeBytes : 0,
      originRequests: origin.requests,
      originOpenMean: makespanMs > 0 ? this.openTimeMs / makespanMs : 0,
      originOpenMax: origin.openMax,
      inputs: tally.inputs,
      inputsByKind: tally.inputsByKind,
      chunksKept: tally.chunksKept,
      bytesFromPeers: tally.bytesFromPeers,
      controlBytes: tally.controlBytes,
      topology: {
        // A tracker is asked by HTTP.
        socketsMax: 0,
        socketsAtEnd: 0,
        messagesIn: tracker.announces + tracker.relayed,
        messagesOut: tracker.announces + tracker.relayed,
        joins: tracker.announces,
      },
      events: queue.happened,
      trace: tally.trace,
      violations: tally.violations,
    }
  }
}
