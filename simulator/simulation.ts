/**
 * A swarm in one process: the very sessions that run in pages, the very rooms of the topology server, over a network
 * in virtual time. The same scenario gives the same trace, in any process.
 */

import { defaultChunkBytes, Geometry } from '../src/core/geometry.ts'
import { allBut } from '../src/core/mechanisms.ts'
import { Random } from '../src/core/random.ts'
import type { Session } from '../src/core/session.ts'
import type { SessionConfig } from '../src/core/session-io.ts'
import type { Locator } from '../src/core/types.ts'
import { CodecSample } from './codec-sample.ts'
import { Course } from './course.ts'
import { genuineDigests } from './digests.ts'
import { outcomeOf } from './entry.ts'
import { EventQueue } from './event-queue.ts'
import type { Means } from './faults/mind.ts'
import { mustFinish } from './faults/roles.ts'
import { FaultSchedule } from './faults/schedule.ts'
import type { Trouble } from './faults/trouble.ts'
import { Host } from './host.ts'
import type { InspectedHost, SimulateOptions } from './inspection.ts'
import { Network } from './network.ts'
import { Payloads } from './payloads.ts'
import type { Visitor } from './population.ts'
import type { RunResult, Scenario } from './scenario.ts'
import { SimOrigin, totalOf } from './sim-origin.ts'
import { SimTopology } from './sim-topology.ts'
import { Standstill, StandstillWatch } from './standstill.ts'
import { Tally } from './tally.ts'
import type { SimPayload } from './machine.ts'
import { Visitors } from './visitors.ts'
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
  private readonly digests: Uint8Array | null
  private readonly visitors: Visitors
  private readonly payloads = new Payloads()
  private readonly faults: FaultSchedule | null
  private sessions = 0
  private course: Course | null = null

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
    const chance = random.fork()
    const models = [scenario.origin, ...(scenario.mirrors ?? [])]
    this.origins = models.map((model) => new SimOrigin(this.queue, model))
    const { sizeBytes, chunkBytes = defaultChunkBytes(sizeBytes) } = scenario
    this.geometry = new Geometry({ sizeBytes, chunkBytes })
    const faulty = scenario.trouble === undefined ? null : random.fork()
    this.faults = this.faultSchedule(scenario.trouble, faulty)
    this.hasDigests = (scenario.trouble?.pollutersShare ?? 0) > 0
    this.digests = this.hasDigests ? genuineDigests(this.geometry.chunkCount) : null
    const hostOf = (visitor: Visitor): Host => this.newHost(visitor)
    this.visitors = new Visitors({ world: this, scenario, hostOf, chance }, people)
  }

  run(): RunResult {
    const { scenario, options } = this
    this.visitors.scheduleArrivals()
    this.topology.run(scenario.trouble?.topologyOutages ?? [])
    this.visitors.scheduleChurn()
    this.faults?.run()
    if (scenario.courseEveryMs !== undefined)
      this.course = new Course(this, this.visitors.entries, scenario.courseEveryMs)
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
    while ((this.visitors.unfinished > 0 && queue.nextMs <= maxMs) || queue.nextMs <= untilMs) {
      if (!queue.step()) return
      watch.note(queue.nowMs, 'event', -1)
      if (queue.happened % PROGRESS_EVERY_EVENTS === 0) this.reportProgress()
    }
  }

  // ------------------------------------------------------------------------------------------- what hosts need

  payload(byteLength: number, isGenuine: boolean): SimPayload {
    return this.payloads.of(byteLength, isGenuine)
  }

  nextSession(): number {
    return this.sessions++
  }

  forkRandom(): Random {
    return this.seeds.fork()
  }

  meansOf(session: Session): Means {
    const { geometry, scenario } = this
    const forgedPerSec = scenario.trouble?.forgedPerSec ?? null
    return { session, geometry, random: this.seeds.fork(), forgedPerSec }
  }

  completed(host: Host): void {
    this.visitors.completed(host)
  }

  left(host: Host): void {
    this.visitors.left(host)
  }

  failed(host: Host, failure: string): void {
    this.visitors.failed(host, failure)
  }

  private newHost(visitor: Visitor): Host {
    const host = new Host(this, visitor, this.configOf(visitor))
    this.faults?.arrived(host)
    return host
  }

  private configOf({ isAlone, lacksTopology }: Visitor): SessionConfig {
    const { limits, without = [] } = this.scenario
    const { chunkBytes } = this.geometry
    return {
      seed: this.seeds.uint32(),
      facts: null,
      chunkBytesFor: () => chunkBytes,
      locator: isAlone || lacksTopology ? null : LOCATOR,
      verification: this.hasDigests ? 'chunkDigests' : 'none',
      chunkDigests: this.digests,
      origins: this.origins.map((_, place) => place),
      limits: { ...limits, mechanisms: allBut(without) },
    }
  }

  private faultSchedule(trouble: Trouble | undefined, random: Random | null): FaultSchedule | null {
    if (trouble === undefined || random === null) return null
    const hosts = (): Iterable<Host> => this.visitors.hosts()
    const sendAway = (): void => this.visitors.sendAway()
    return new FaultSchedule({ world: this, hosts, sendAway }, trouble, random)
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
    for (const { host, visitor } of this.visitors.entries) {
      if (host === null) continue
      const { index, peerId, session, isAlive } = host
      yield { index, peerId, arrivedMs: visitor.arrivesMs, session, alive: isAlive }
    }
  }

  private reportProgress(): void {
    this.options.onProgress?.({
      virtualMs: this.queue.nowMs,
      completed: this.visitors.completedCount,
      peers: this.visitors.entries.length,
      events: this.queue.happened,
    })
  }

  private result(): RunResult {
    const { scenario, tally, topology, origins, queue, visitors } = this
    visitors.settleAll()
    const peers = visitors.entries.map(outcomeOf)
    for (const { index, tookMs, died, failure, role = 'honest' } of peers)
      if (tookMs === null && !died && failure === null && mustFinish(role))
        tally.violate(`Peer ${index} never became complete.`)
    const firstMs = visitors.entries[0]?.visitor.arrivesMs ?? 0
    const makespanMs = Math.max(0, visitors.lastCompletedMs - firstMs)
    const bytesSent = totalOf(origins, (origin) => origin.bytesSent)
    return {
      scenario: scenario.name,
      policy: 'swarm',
      seed: scenario.seed,
      peers,
      makespanMs,
      originCopies: scenario.sizeBytes > 0 ? bytesSent / scenario.sizeBytes : 0,
      originRequests: totalOf(origins, ({ requests }) => requests),
      originOpenMean: makespanMs > 0 ? visitors.openTimeMs / makespanMs : 0,
      originOpenMax: totalOf(origins, ({ openMax }) => openMax),
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
      ...(scenario.trouble === undefined ? {} : { faults: tally.faults.figures }),
      ...(this.course === null ? {} : { course: this.course.points }),
      events: queue.happened,
      trace: tally.trace,
      violations: tally.violations,
    }
  }
}
