/**
 * The visitors of a swarm: they come, become complete or fail, go or die, and others come in their place. What each came
 * to is kept when it has gone.
 */

import type { Random } from '../src/core/random.ts'
import { type Entry, newEntry, takeBytes } from './entry.ts'
import { falseBans } from './faults/false-bans.ts'
import { isHostile, mustFinish } from './faults/roles.ts'
import type { Host } from './host.ts'
import { Living } from './living.ts'
import { newcomer, population, stayMs, type Visitor } from './population.ts'
import type { Scenario } from './scenario.ts'
import { totalOf } from './sim-origin.ts'
import type { World } from './world.ts'

export interface Reception {
  readonly world: Pick<World, 'queue' | 'origins' | 'tally'>
  readonly scenario: Scenario
  /** The machine of one who comes. */
  readonly hostOf: (visitor: Visitor) => Host
  /** Draws how long they stay, who dies, and who comes instead. */
  readonly chance: Random
}

export class Visitors {
  readonly entries: Entry<Host>[]
  /** Those that have not come to an end: neither complete, nor dead, nor failed. */
  unfinished: number
  completedCount = 0
  lastCompletedMs = 0
  /** How long responses of the origins had been open by then, in ms. */
  openTimeMs = 0
  private readonly reception: Reception
  private readonly living = new Living()

  /** `people`: draws who they are. */
  constructor(reception: Reception, people: Random) {
    this.reception = reception
    this.entries = population(reception.scenario, people).map(newEntry<Host>)
    this.unfinished = this.entries.filter(({ visitor }) => mustFinish(visitor.role)).length
  }

  scheduleArrivals(): void {
    const { queue } = this.reception.world
    for (const { visitor } of this.entries) queue.callAt(visitor.arrivesMs, () => this.arrive(visitor.index))
  }

  scheduleChurn(): void {
    const { world, scenario } = this.reception
    const churn = scenario.trouble?.churn
    if (churn === undefined) return
    for (let atMs = churn.fromMs; atMs < churn.untilMs; atMs += churn.everyMs)
      world.queue.callAt(atMs, () => this.churn(churn.share))
  }

  /** Those who are there. */
  *hosts(): Generator<Host> {
    for (const { host } of this.entries) if (host !== null) yield host
  }

  completed(host: Host): void {
    const { world, scenario, chance } = this.reception
    const { queue, origins } = world
    const entry = this.entries[host.index]
    if (entry === undefined || entry.completedMs !== null) return
    entry.completedMs = queue.nowMs
    host.isSeed = true
    if (mustFinish(host.role)) {
      this.lastCompletedMs = queue.nowMs
      this.openTimeMs = totalOf(origins, ({ openTimeMs }) => openTimeMs)
      this.completedCount++
      this.unfinished--
    }
    const { departure } = scenario
    if (departure.kind === 'stay') return
    queue.callAt(queue.nowMs + stayMs(departure, chance), () => {
      if (departure.abrupt === true) this.leave(host.index, false)
      else host.feed({ type: 'leave' })
    })
  }

  /** It has offered what only it had, and goes. */
  left(host: Host): void {
    const { queue } = this.reception.world
    queue.callAt(queue.nowMs, () => this.leave(host.index, false))
  }

  failed(host: Host, failure: string): void {
    const { queue, tally } = this.reception.world
    const entry = this.entries[host.index]
    if (entry === undefined || entry.failure !== null) return
    entry.failure = failure
    // What one who does harm does to itself is its own affair.
    if (mustFinish(host.role)) tally.violate(`Peer ${host.index} gave up: ${failure}.`)
    this.isLost(entry)
    queue.callAt(queue.nowMs, () => this.leave(host.index, false))
  }

  /** All that are hostile go. */
  sendAway(): void {
    for (const entry of this.entries)
      if (entry.host?.isAlive === true && entry.failure === null && isHostile(entry.visitor.role))
        this.kill(entry, false)
  }

  /** The run ends. */
  settleAll(): void {
    for (const entry of this.entries) this.settle(entry)
  }

  private arrive(index: number): void {
    const entry = this.entries[index]
    if (entry === undefined || this.comesTooLate(entry)) return
    const host = this.reception.hostOf(entry.visitor)
    entry.host = host
    this.living.add(index)
    host.feed({ type: 'start' })
  }

  private leave(index: number, quietly: boolean): void {
    const entry = this.entries[index]
    if (entry === undefined || entry.host === null) return
    entry.host.stop(quietly)
    this.settle(entry)
    entry.host = null
    this.living.remove(index)
  }

  private churn(share: number): void {
    const { world, scenario, chance } = this.reception
    const count = Math.round(this.living.count * share)
    for (let death = 0; death < count; death++) {
      const index = this.living.draw(chance)
      const entry = index === undefined ? undefined : this.entries[index]
      if (entry === undefined) return
      this.kill(entry, true)
    }
    for (let birth = 0; birth < count; birth++) {
      const visitor = newcomer(scenario, this.entries.length, world.queue.nowMs, chance)
      this.entries.push(newEntry(visitor))
      if (mustFinish(visitor.role)) this.unfinished++
      this.arrive(visitor.index)
    }
  }

  private kill(entry: Entry<Host>, quietly: boolean): void {
    entry.hasDied = true
    this.isLost(entry)
    this.leave(entry.visitor.index, quietly)
  }

  /** The host goes, or the run ends: what it counted stays, and whom it banned is seen. */
  private settle(entry: Entry<Host>): void {
    const { tally } = this.reception.world
    takeBytes(entry)
    const { host } = entry
    if (host === null || isHostile(host.role)) return
    for (const peer of falseBans(host.session, tally.faults.roster)) {
      tally.faults.falseBans++
      tally.violate(`Peer ${host.index} banned ${peer}, which is honest.`)
    }
  }

  /** Its download is not waited for any more. */
  private isLost({ completedMs, visitor }: Entry<Host>): void {
    if (completedMs === null && mustFinish(visitor.role)) this.unfinished--
  }

  private comesTooLate(entry: Entry<Host>): boolean {
    const { world, scenario } = this.reception
    const { hostileUntilMs = Infinity } = scenario.trouble ?? {}
    if (!isHostile(entry.visitor.role) || world.queue.nowMs < hostileUntilMs) return false
    entry.hasDied = true
    this.isLost(entry)
    return true
  }
}
