/** When what goes wrong: parts the network and mends it, slows peers down, lets those who do harm leave. */

import type { Random } from '../../src/core/random.ts'
import type { Host } from '../host.ts'
import type { World } from '../world.ts'
import type { SlowPeers, Trouble } from './trouble.ts'

/** Slow peers are drawn apart from the sides of partitions. */
const FIRST_SLOW_DRAW = 10_000

export interface Scene {
  readonly world: World
  /** Those who are there. */
  readonly hosts: () => Iterable<Host>
  /** All that are hostile go. */
  readonly sendAway: () => void
}

export class FaultSchedule {
  private readonly scene: Scene
  private readonly trouble: Trouble
  private readonly random: Random

  constructor(scene: Scene, trouble: Trouble, random: Random) {
    this.scene = scene
    this.trouble = trouble
    this.random = random
  }

  run(): void {
    this.count()
    const { queue, network, origins } = this.scene.world
    const { partitions = [], slowPeers = [], originFaults = [], hostileUntilMs } = this.trouble
    for (const [number, { fromMs, untilMs, share }] of partitions.entries()) {
      queue.callAt(fromMs, () => this.changeNetwork(() => network.part(number, share)))
      queue.callAt(untilMs, () => this.changeNetwork(() => network.mend(number)))
    }
    for (const { fromMs, untilMs } of slowPeers)
      for (const atMs of [fromMs, untilMs])
        queue.callAt(atMs, () => {
          for (const host of this.scene.hosts()) this.arrived(host)
        })
    // The URL itself has them; mirrors go on.
    origins[0]?.suffer(originFaults, this.random.fork())
    if (hostileUntilMs !== undefined) queue.callAt(hostileUntilMs, () => this.scene.sendAway())
  }

  /** A host is there: its uplink may be slow just now. */
  arrived(host: Host): void {
    const { slowPeers = [] } = this.trouble
    if (slowPeers.length === 0) return
    const shares = slowPeers.map((slow, place) => (this.isSlow(host, slow, place) ? slow.rateShare : 1))
    host.uplink.setShare(Math.min(...shares))
  }

  /** What happens where the faults are is counted. */
  private count(): void {
    const { queue, topology, origins, tally } = this.scene.world
    const { liarsShare = 0, stallersShare = 0, originFaults = [] } = this.trouble
    const { faults } = tally
    faults.watchesRequests = liarsShare + stallersShare > 0
    faults.requests.watch(originFaults)
    topology.rush = faults.joins
    const [origin] = origins
    if (origin === undefined) return
    origin.asked = (isEarly) => {
      if (isEarly) faults.earlyRequests++
      faults.requests.note(queue.nowMs)
    }
  }

  private isSlow({ index }: Host, { fromMs, untilMs, share }: SlowPeers, place: number): boolean {
    const { queue, network } = this.scene.world
    if (queue.nowMs < fromMs || queue.nowMs >= untilMs) return false
    return network.isOneOf(share, FIRST_SLOW_DRAW + place, index)
  }

  private changeNetwork(change: () => void): void {
    change()
    for (const host of this.scene.hosts()) host.links.networkChanged(this.random)
  }
}
