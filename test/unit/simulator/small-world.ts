/**
 * A few hosts over the simulated network, without their sessions: what would be handed to a session is written down, so
 * that links, lines and timing are seen by themselves.
 */

import { CodecSample } from '../../../simulator/codec-sample.ts'
import { EventQueue } from '../../../simulator/event-queue.ts'
import type { Means } from '../../../simulator/faults/mind.ts'
import { Host } from '../../../simulator/host.ts'
import type { LinkEnd } from '../../../simulator/link-end.ts'
import type { Attempts, SimSignal } from '../../../simulator/links.ts'
import { Network } from '../../../simulator/network.ts'
import type { LatencyModel } from '../../../simulator/scenario.ts'
import { SimOrigin } from '../../../simulator/sim-origin.ts'
import { SimTopology } from '../../../simulator/sim-topology.ts'
import { Tally } from '../../../simulator/tally.ts'
import type { SimPayload } from '../../../simulator/machine.ts'
import type { World } from '../../../simulator/world.ts'
import { Geometry } from '../../../src/core/geometry.ts'
import { Random } from '../../../src/core/random.ts'
import type { Session } from '../../../src/core/session.ts'
import type { SessionInput } from '../../../src/core/session-io.ts'
import type { PeerId } from '../../../src/core/types.ts'

export interface SmallWorldSettings {
  readonly latency?: LatencyModel
  readonly sizeBytes?: number
  readonly chunkBytes?: number
  readonly originBytesPerSec?: number
}

export class SmallWorld implements World {
  readonly queue: EventQueue = new EventQueue()
  readonly tally: Tally = new Tally()
  readonly codec: CodecSample
  readonly network: Network
  readonly origins: readonly SimOrigin[]
  readonly topology: SimTopology
  readonly geometry: Geometry
  readonly attempts: Attempts = new Map()
  readonly hasDigests: boolean = false
  readonly hosts = new Map<PeerId, WatchedHost>()
  private readonly random = new Random(1)
  private sessions = 0

  constructor({
    latency = { rttMs: [20, 20] },
    sizeBytes = 10_000_000,
    chunkBytes = 1_000_000,
    originBytesPerSec = 1e9,
  }: SmallWorldSettings = {}) {
    this.codec = new CodecSample(this.random.fork(), (sentence) => this.tally.violate(sentence))
    this.network = new Network(latency, this.random.fork())
    this.origins = [new SimOrigin(this.queue, { upBytesPerSec: originBytesPerSec })]
    this.topology = new SimTopology(this.queue, this.codec, this.random.fork())
    this.geometry = new Geometry({ sizeBytes, chunkBytes })
  }

  /** Ids are ordered as the hosts are made. */
  host(upBytesPerSec = 1_000_000, downBytesPerSec = 100_000_000): WatchedHost {
    const host = new WatchedHost(this, this.hosts.size, { upBytesPerSec, downBytesPerSec })
    this.hosts.set(host.id, host)
    return host
  }

  /** Two hosts with a link between them, as they see it. */
  link(from: WatchedHost, to: WatchedHost): LinkEnd {
    from.links.connect(to.id)
    this.runFor(1000)
    const end = from.links.openEnd(to.id)
    if (end === null) throw new Error('There is no link.')
    return end
  }

  runFor(ms: number): void {
    this.runUntil(this.queue.nowMs + ms)
  }

  runUntil(untilMs: number): void {
    this.queue.callAt(untilMs, () => {})
    while (this.queue.nextMs <= untilMs && this.queue.step());
  }

  payload(byteLength: number, isGenuine: boolean): SimPayload {
    return { byteLength, isGenuine }
  }

  nextSession(): number {
    return this.sessions++
  }

  forkRandom(): Random {
    return this.random.fork()
  }

  meansOf(session: Session): Means {
    return { session, geometry: this.geometry, random: this.forkRandom(), forgedPerSec: null }
  }

  completed(): void {}

  left(): void {}

  failed(): void {}
}

interface Heard {
  readonly atMs: number
  readonly input: SessionInput
}

export class WatchedHost extends Host {
  readonly id: PeerId
  readonly heard: Heard[] = []
  /** Its session fetches the file from the origin, and hears of nothing else. */
  hasSession = false
  reacts: (input: SessionInput) => void = () => {}
  private readonly small: SmallWorld

  constructor(
    world: SmallWorld,
    index: number,
    link: { readonly upBytesPerSec: number; readonly downBytesPerSec: number },
  ) {
    const weakness = { isAlone: true, lacksTopology: true, isPolluter: false, role: 'honest' } as const
    super(
      world,
      { index, arrivesMs: 0, link: { name: 'line', share: 1, ...link }, ...weakness },
      {
        seed: index,
        facts: null,
        chunkBytesFor: () => world.geometry.chunkBytes,
        locator: null,
        verification: 'none',
        chunkDigests: null,
      },
    )
    this.small = world
    this.id = index.toString().padStart(16, '0') as PeerId
    this.peerId = this.id
  }

  override feed(input: SessionInput): void {
    this.heard.push({ atMs: this.world.queue.nowMs, input })
    this.reacts(input)
    const isOfOrigin = input.type === 'start' || input.type === 'digested' || input.type.startsWith('run')
    if (this.hasSession && isOfOrigin) super.feed(input)
  }

  /** The way by the topology server, both legs of it. */
  override sendSignal(peer: PeerId, data: SimSignal): void {
    this.world.queue.callAt(this.world.queue.nowMs + 30, () =>
      this.small.hosts.get(peer)?.links.signal(this.id, data),
    )
  }

  /** When it heard these, in ms. */
  timesOf(type: SessionInput['type'], peer: PeerId | null = null): number[] {
    return this.heard
      .filter(
        ({ input }) => input.type === type && (peer === null || ('peer' in input && input.peer === peer)),
      )
      .map(({ atMs }) => atMs)
  }

  /** Blocks that came, in order. */
  get blocks(): { readonly atMs: number; readonly from: PeerId; readonly bytes: number }[] {
    return this.heard.flatMap(({ atMs, input }) =>
      input.type === 'message' && input.message.type === 'block'
        ? [{ atMs, from: input.peer, bytes: input.message.payload.byteLength }]
        : [],
    )
  }
}
