/**
 * A swarm in one process: the very sessions that run in pages, the very rooms of the topology server, over a network
 * in virtual time. The same scenario gives the same trace, in any process.
 */

import { defaultChunkBytes, Geometry } from '../src/core/geometry.ts'
import { Random } from '../src/core/random.ts'
import type { SessionConfig } from '../src/core/session-io.ts'
import type { Locator } from '../src/core/types.ts'
import { CodecSample } from './codec-sample.ts'
import { genuineDigests } from './digests.ts'
import { type Entry, newEntry, outcomeOf, takeBytes } from './entry.ts'
import { EventQueue } from './event-queue.ts'
import { Host } from './host.ts'
import type { InspectedHost, SimulateOptions } from './inspection.ts'
import { Living } from './living.ts'
import { Network } from './network.ts'
import { exponential, newcomer, population, type Visitor } from './population.ts'
import type { RunResult, Scenario } from './scenario.ts'
import { SimOrigin } from './sim-origin.ts'
import { SimTopology } from './sim-topology.ts'
import { Standstill, StandstillWatch } from './standstill.ts'
import { Tally } from './tally.ts'
import type { SimPayload } from './machine.ts'
import type { World } from './world.ts'

export const DEFAULT_MAX_MS: number = 24 * 3600 * 1000

export const PROGRESS_EVERY_EVENTS: number = 100_000

const LOCATOR = '0'.repeat(64) as Locator

export function simulate(scenario: Scenario, options: SimulateOptions = {}): RunResult {
  return new Simulation(scenario, options).run()
}

class Simulation implements World {
  readonly queue: EventQueue = new EventQueue()
  readonly tally: Tally
  readonly attempts: World['attempts'] = new Map()
  readonly geometry: Geometry
  readonly hasDigests: boolean
  readonly network: Network
  readonly origins: readonly SimOrigin[]
  readonly topology: SimTopology
  readonly codec: CodecSample
  private readonly watch: StandstillWatch
  private readonly scenario: Scenario
  private readonly options: SimulateOptions
  private readonly seeds: Random
  private readonly chance: Random
  private readonly digests: Uint8Array | null
  private readonly entries: Entry<Host>[]
  private readonly living = new Living()
  private readonly payloads = {
    genuine: new Map<number, SimPayload>(),
    spoilt: new Map<number, SimPayload>(),
  }
  private sessions = 0
  /** Visitors that have not come to an end: neither complete, nor dead, nor failed. */
  private unfinished: number
  private completedCount = 0
  private lastCompletedMs = 0
  private openTimeMs = 0

  constructor(scenario: Scenario, options: SimulateOptions) {
    this.scenario = scenario
    this.options = options
    this.watch = new StandstillWatch(scenario.peers)
    this.tally = new Tally(this.watch)
    const random = new Random(scenario.seed)
    const people = random.fork()
    this.network = new Network(scenario.latency, random.fork())
    this.codec = new CodecSample(random.fork(), (sentence) => this.tally.violate(sentence))
    this.topology = new SimTopology(this.queue, this.codec, random.fork())
    this.seeds = random.fork()
    this.chance = random.fork()
    const models = [scenario.origin, ...(scenario.mirrors ?? [])]
    this.origins = models.map((model) => new SimOrigin(this.queue, model))
    const { sizeBytes, chunkBytes = defaultChunkBytes(sizeBytes) } = scenario
    this.geometry = new Geometry({ sizeBytes, chunkBytes })
    this.hasDigests = (scenario.trouble?.pollutersShare ?? 0) > 0
    this.digests = this.hasDigests ? genuineDigests(this.geometry.chunkCount) : null
    this.entries = population(scenario, people).map(newEntry<Host>)
    this.unfinished = this.entries.length
  }

  run(): RunResult {
    const { queue, scenario, options } = this
    for (const { visitor } of this.entries) queue.callAt(visitor.arrivesMs, () => this.arrive(visitor.index))
    this.topology.run(scenario.trouble?.topologyOutages ?? [])
    this.scheduleChurn()
    if (options.inspect !== undefined) this.inspectEvery(options.inspect)
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

  // ------------------------------------------------------------------------------------------- what hosts need

  payload(byteLength: number, isGenuine: boolean): SimPayload {
    const known = this.payloads[isGenuine ? 'genuine' : 'spoilt']
    const payload = known.get(byteLength) ?? { byteLength, isGenuine }
    if (!known.has(byteLength)) known.set(byteLength, payload)
    return payload
  }

  nextSession(): number {
    return this.sessions++
  }

  forkRandom(): Random {
    return this.seeds.fork()
  }

  completed(host: Host): void {
    const entry = this.entries[host.index]
    if (entry === undefined || entry.completedMs !== null) return
    entry.completedMs = this.queue.nowMs
    this.lastCompletedMs = this.queue.nowMs
    this.openTimeMs = this.sumOf(({ openTimeMs }) => openTimeMs)
    this.completedCount++
    this.unfinished--
    const { departure } = this.scenario
    if (departure.kind === 'stay') return
    let stayMs = 0
    if (departure.kind === 'linger')
      stayMs = departure.exact === true ? departure.ms : exponential(departure.ms, this.chance)
    this.queue.callAt(this.queue.nowMs + stayMs, () => this.leave(host.index, false))
  }

  failed(host: Host, failure: string): void {
    const entry = this.entries[host.index]
    if (entry === undefined || entry.failure !== null) return
    entry.failure = failure
    this.tally.violate(`Peer ${host.index} gave up: ${failure}.`)
    if (entry.completedMs === null) this.unfinished--
    this.queue.callAt(this.queue.nowMs, () => this.leave(host.index, false))
  }

  // --------------------------------------------------------------------------------------- coming and going

  private arrive(index: number): void {
    const entry = this.entries[index]
    if (entry === undefined) return
    const host = new Host(this, entry.visitor, this.configOf(entry.visitor))
    entry.host = host
    this.living.add(index)
    host.feed({ type: 'start' })
  }

  private configOf({ isAlone, lacksTopology }: Visitor): SessionConfig {
    const { limits } = this.scenario
    const { chunkBytes } = this.geometry
    return {
      seed: this.seeds.uint32(),
      facts: null,
      chunkBytesFor: () => chunkBytes,
      locator: isAlone || lacksTopology ? null : LOCATOR,
      verification: this.hasDigests ? 'chunkDigests' : 'none',
      chunkDigests: this.digests,
      origins: this.origins.map((_, place) => place),
      ...(limits === undefined ? {} : { limits }),
    }
  }

  private leave(index: number, quietly: boolean): void {
    const entry = this.entries[index]
    if (entry === undefined || entry.host === null) return
    entry.host.stop(quietly)
    takeBytes(entry)
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
    const { nowMs } = this.queue
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
      const visitor = newcomer(this.scenario, this.entries.length, nowMs, this.chance)
      this.entries.push(newEntry(visitor))
      this.unfinished++
      this.arrive(visitor.index)
    }
  }

  // --------------------------------------------------------------------------------------------- being watched

  private inspectEvery(inspect: NonNullable<SimulateOptions['inspect']>): void {
    const { queue } = this
    queue.callAt(queue.nowMs + inspect.everyMs, () => {
      inspect.look({ nowMs: queue.nowMs, sockets: this.topology.socketCount, hosts: this.watched() })
      this.inspectEvery(inspect)
    })
  }

  private *watched(): Iterable<InspectedHost> {
    for (const { host, visitor } of this.entries) {
      if (host === null) continue
      const { index, peerId, session, isAlive } = host
      yield { index, peerId, arrivedMs: visitor.arrivesMs, session, alive: isAlive }
    }
  }

  private reportProgress(): void {
    this.options.onProgress?.({
      virtualMs: this.queue.nowMs,
      completed: this.completedCount,
      peers: this.entries.length,
      events: this.queue.happened,
    })
  }

  private sumOf(figure: (origin: SimOrigin) => number): number {
    return this.origins.reduce((total, origin) => total + figure(origin), 0)
  }

  private result(): RunResult {
    const { scenario, tally, topology, origins, queue } = this
    for (const entry of this.entries) takeBytes(entry)
    const peers = this.entries.map(outcomeOf)
    for (const { index, tookMs, died, failure } of peers)
      if (tookMs === null && !died && failure === null) tally.violate(`Peer ${index} never became complete.`)
    const firstMs = this.entries[0]?.visitor.arrivesMs ?? 0
    const makespanMs = Math.max(0, this.lastCompletedMs - firstMs)
    const bytesSent = this.sumOf((origin) => origin.bytesSent)
    return {
      scenario: scenario.name,
      policy: 'swarm',
      seed: scenario.seed,
      peers,
      makespanMs,
      originCopies: scenario.sizeBytes > 0 ? bytesSent / scenario.sizeBytes : 0,
      originRequests: this.sumOf(({ requests }) => requests),
      originOpenMean: makespanMs > 0 ? this.openTimeMs / makespanMs : 0,
      originOpenMax: this.sumOf(({ openMax }) => openMax),
      ...(origins.length > 1
        ? { originShares: origins.map((origin) => origin.bytesSent / Math.max(1, bytesSent)) }
        : {}),
      inputs: tally.inputs,
      inputsByKind: tally.inputsByKind,
      chunksKept: tally.chunksKept,
      bytesFromPeers: tally.bytesFromPeers,
      controlBytes: tally.controlBytes,
      topology: {
        socketsMax: topology.socketsMax,
        socketsAtEnd: topology.socketCount,
        messagesIn: topology.messagesIn,
        messagesOut: topology.messagesOut,
        joins: topology.joins,
      },
      events: queue.happened,
      trace: tally.trace,
      violations: tally.violations,
    }
  }
}
