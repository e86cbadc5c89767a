import * as fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'

import type { FileFacts, PeerId } from '../../src/core/types.ts'
import { RecencyList } from '../../signaling-server/recency-list.ts'
import { Registrants, type Registration } from '../../signaling-server/registrants.ts'
import { Random } from '../../src/core/random.ts'
import { median } from './rooms-crowd.ts'
import { FACTS, Lobby, NEWER_FACTS, type Welcomed } from './rooms-lobby.ts'

const K = 8

const ROOMY = { window: 1_000, graceMs: 0 }

describe('the sample of a group', () => {
  it('is one half that of a plain model, the rest others, after any registrations and departures', () => {
    const scripts = fc.array(steps(), { maxLength: 200 })
    fc.assert(
      fc.property(scripts, fc.integer({ min: 1, max: 12 }), fc.integer(), (script, limit, seed) => {
        const registrants = new Registrants<number>(ROOMY)
        const model: Registered[] = []
        const lastOf = new Map<string, number>()
        script.forEach((step, number) => {
          if (step.type === 'add') {
            const registration = registrants.add(number, step.prefix, 0)
            model.unshift({ number, prefix: step.prefix, registration })
            lastOf.set(step.prefix, number)
          } else if (model.length > 0) {
            const [gone] = model.splice(step.at % model.length, 1)
            if (gone !== undefined) registrants.remove(gone.registration)
          }
        })
        const random = new Random(seed)
        const sample = registrants.sample(limit, () => random.fraction())
        const all = model.map(({ number }) => number)
        expect(sample).toStrictEqual([...new Set(sample)].sort((a, b) => b - a))
        expect(sample).toHaveLength(Math.min(limit, all.length))
        expect(sample).toEqual(expect.arrayContaining(plainSample(model, lastOf, Math.ceil(limit / 2))))
        expect(all).toEqual(expect.arrayContaining([...sample]))
        expect([...registrants]).toStrictEqual(all)
        expect(registrants.size).toBe(model.length)
      }),
    )
  })

  it('is the last half of k where all come from one network, and where each comes from its own', () => {
    for (const prefix of [() => 'one', (index: number) => `network ${index}`]) {
      const registrants = new Registrants<number>(ROOMY)
      for (let index = 0; index < 20; index++) registrants.add(index, prefix(index), 0)
      expect(registrants.sample(K, () => 0).slice(0, K / 2)).toStrictEqual([19, 18, 17, 16])
    }
  })

  it('is for the other half anybody, each as likely as the next', () => {
    const registrants = new Registrants<number>(ROOMY)
    for (let index = 0; index < 44; index++) registrants.add(index, `network ${index}`, 0)
    const random = new Random(1)
    const times = Array<number>(44).fill(0)
    for (let draw = 0; draw < 5_000; draw++)
      for (const index of registrants.sample(K, () => random.fraction()))
        times[index] = (times[index] ?? 0) + 1
    const [rarest, mostOften] = [Math.min(...times), Math.max(...times.slice(0, 40))]
    expect(times.slice(40)).toStrictEqual([5_000, 5_000, 5_000, 5_000])
    expect(rarest).toBeGreaterThan(400)
    expect(mostOften).toBeLessThan(600)
  })

  it('is not an attacker with four networks, however often he registers', () => {
    const random = new Random(2)
    for (const honestCount of [20, 200]) {
      const registrants = new Registrants<string>({ window: 64, graceMs: 0 })
      for (let index = 0; index < honestCount; index++) registrants.add('honest', `home ${index}`, 0)
      for (let index = 0; index < 1_000; index++) {
        registrants.add('hostile', `data centre ${index % 3}`, 0)
        registrants.shrink(0)
      }
      const samples = Array.from({ length: 100 }, () => registrants.sample(K, () => random.fraction()))
      const honest = samples.map((sample) => sample.filter((who) => who === 'honest').length)
      expect(Math.min(...honest)).toBeGreaterThanOrEqual(1)
      expect(median(honest)).toBeGreaterThanOrEqual(2)
    }
  })
})

describe('the work of a join', () => {
  afterEach(() => void vi.restoreAllMocks())

  it.each([
    ['all from one network', () => 'one'],
    ['each from its own network', (index: number) => `network ${index}`],
    ['half from one network', (index: number) => (index % 2 === 0 ? 'one' : `network ${index}`)],
  ])('does not grow with the members: %s', (_, prefix) => {
    const lobby = new Lobby({ limits: { introductions: K } })
    for (let index = 0; index < 5_000; index++) lobby.welcome(FACTS, { addressPrefix: prefix(index) })
    const steps = countListSteps()
    expect(lobby.welcome(FACTS, { addressPrefix: 'newcomer' }).peers).toHaveLength(K)
    expect(steps.count).toBeGreaterThanOrEqual(K / 2)
    expect(steps.count).toBeLessThanOrEqual(3 * K)
  })
})

describe('whatever visitors do', () => {
  it('a welcome names living members of the same group only, as many as there are up to k', () => {
    fc.assert(
      fc.property(fc.array(deeds(), { maxLength: 120 }), (script) => {
        const town = new Town()
        for (const deed of script) town.live(deed)
        town.empty()
      }),
      { numRuns: 300 },
    )
  })
})

// ------------------------------------------------------------------------------------------------ plain models

interface Registered {
  readonly number: number
  readonly prefix: string
  readonly registration: Registration<number>
}

type Step =
  { readonly type: 'add'; readonly prefix: string } | { readonly type: 'remove'; readonly at: number }

function steps(): fc.Arbitrary<Step> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ type: fc.constant('add' as const), prefix: networks() }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('remove' as const), at: fc.nat() }) },
  )
}

function networks(): fc.Arbitrary<string> {
  return fc.nat(9).map((network) => `network ${network}`)
}

/** `members` newest first; `lastOf`: when each prefix registered last. */
function plainSample(
  members: readonly Registered[],
  lastOf: ReadonlyMap<string, number>,
  limit: number,
): number[] {
  const newestOfEach = members.filter(
    ({ prefix }, at) => at === members.findIndex((other) => other.prefix === prefix),
  )
  const byRecency = newestOfEach.sort((a, b) => (lastOf.get(b.prefix) ?? 0) - (lastOf.get(a.prefix) ?? 0))
  const chosen = byRecency.slice(0, limit)
  const rest = members.filter((member) => !chosen.includes(member)).slice(0, limit - chosen.length)
  return [...chosen, ...rest].map(({ number }) => number).sort((a, b) => b - a)
}

function countListSteps(): { count: number } {
  const steps = { count: 0 }
  const iterate = Object.getOwnPropertyDescriptor(RecencyList.prototype, Symbol.iterator)
    ?.value as () => Generator
  vi.spyOn(RecencyList.prototype, Symbol.iterator).mockImplementation(function* (this: RecencyList<unknown>) {
    for (const value of { [Symbol.iterator]: iterate.bind(this) }) {
      steps.count++
      yield value
    }
  })
  return steps
}

type Deed =
  | { readonly type: 'join'; readonly facts: FileFacts | null; readonly addressPrefix: string }
  | { readonly type: 'report'; readonly who: number; readonly facts: FileFacts }
  | { readonly type: 'signal'; readonly who: number; readonly to: number }
  | { readonly type: 'disconnect' | 'leave'; readonly who: number }
  | { readonly type: 'return'; readonly who: number }
  | { readonly type: 'pass'; readonly ms: number }

function deeds(): fc.Arbitrary<Deed> {
  const facts = fc.constantFrom(FACTS, NEWER_FACTS, { ...FACTS, sizeBytes: 5 })
  return fc.oneof(
    fc.record({ type: fc.constant('join' as const), facts: fc.option(facts), addressPrefix: networks() }),
    fc.record({ type: fc.constant('report' as const), who: fc.nat(), facts }),
    fc.record({ type: fc.constant('signal' as const), who: fc.nat(), to: fc.nat() }),
    fc.record({
      type: fc.constantFrom('disconnect' as const, 'leave' as const, 'return' as const),
      who: fc.nat(),
    }),
    fc.record({ type: fc.constant('pass' as const), ms: fc.nat(40_000) }),
  )
}

/** Visitors of one swarm, what each has been told, and what follows from that. */
class Town {
  private readonly lobby = new Lobby({ limits: { introductions: 3 } })
  private readonly everybody: Welcomed[] = []
  private readonly living = new Set<PeerId>()
  private readonly introduced = new Set<string>()
  private readonly known = new Map<PeerId, FileFacts | null>()

  live(deed: Deed): void {
    switch (deed.type) {
      case 'join':
        return this.join(deed.facts, deed.addressPrefix)
      case 'report':
        return this.withSomebody(deed.who, (who) => this.report(who, deed.facts))
      case 'signal':
        return this.withSomebody(deed.who, (who) => this.signal(who, deed.to))
      case 'disconnect':
      case 'leave':
        return this.withSomebody(deed.who, (who) => this.part(who, deed.type))
      case 'return':
        return this.withSomebody(deed.who, (who) => this.comeBack(who))
      case 'pass':
        this.lobby.nowMs += deed.ms
        this.lobby.tick()
    }
  }

  /** When everybody has left and time has passed, nothing is kept. */
  empty(): void {
    for (const who of this.everybody) this.lobby.disconnect(who.connection)
    this.lobby.nowMs += 180_000
    this.lobby.tick()
    expect(this.lobby.rooms.counts).toStrictEqual({ connections: 0, members: 0, swarms: 0, remembered: 0 })
  }

  private join(facts: FileFacts | null, addressPrefix: string): void {
    const welcome = this.lobby.welcome(facts, { addressPrefix })
    expect(this.known.has(welcome.id)).toBe(false)
    if (facts !== null) expect(welcome.facts).toStrictEqual(facts)
    this.everybody.push(welcome)
    this.living.add(welcome.id)
    this.hearNotices()
    this.welcomed(welcome)
  }

  /** On another socket, before the old one is seen to be dead. */
  private comeBack(who: Welcomed): void {
    const { id, token } = who
    const facts = this.known.get(id) ?? null
    const again = this.lobby.welcome(facts, { resume: { id, token, swarmSize: null } })
    expect(again.id).toBe(id)
    expect(this.lobby.closedWith(who.connection)).toBe(1000)
    this.everybody[this.everybody.indexOf(who)] = again
    this.welcomed(again)
  }

  private report(who: Welcomed, facts: FileFacts): void {
    this.lobby.say(who.connection, { type: 'facts', facts })
    this.known.set(who.id, facts)
    for (const message of this.lobby.heard(who.connection)) {
      if (message.type !== 'welcome') throw new Error(`A reporter heard ${message.type}`)
      expect(message).toMatchObject({ id: who.id, facts })
      this.welcomed({ ...message, connection: who.connection })
    }
    this.hearNotices()
  }

  private welcomed({ id, peers, facts, swarmSize }: Welcomed): void {
    expect(new Set(peers).size).toBe(peers.length)
    expect(peers.length).toBe(Math.min(3, swarmSize - 1))
    for (const peer of peers) {
      expect(peer).not.toBe(id)
      expect(this.living.has(peer)).toBe(true)
      expect(this.known.get(peer)).toStrictEqual(facts)
      this.introduced.add(`${id} ${peer}`).add(`${peer} ${id}`)
    }
    this.known.set(id, facts)
  }

  private hearNotices(): void {
    for (const { id, connection } of this.everybody) {
      for (const message of this.lobby.heard(connection)) {
        if (message.type !== 'facts') throw new Error(`A bystander heard ${message.type}`)
        expect(this.known.get(id)).toBeNull()
        this.known.set(id, message.facts)
      }
    }
  }

  private signal(from: Welcomed, toIndex: number): void {
    const to = this.everybody[toIndex % this.everybody.length]
    if (to === undefined) return
    this.lobby.signal(from, to)
    const wereIntroduced = this.introduced.has(`${from.id} ${to.id}`)
    const arrives = wereIntroduced && this.living.has(to.id)
    expect(this.lobby.heard(to.connection)).toHaveLength(arrives ? 1 : 0)
    if (to !== from && !wereIntroduced) expect(this.lobby.heard(from.connection)).toStrictEqual([])
    this.lobby.heard(from.connection)
  }

  private part(who: Welcomed, how: 'disconnect' | 'leave'): void {
    if (how === 'leave') this.lobby.say(who.connection, { type: 'leave' })
    this.lobby.disconnect(who.connection)
    this.living.delete(who.id)
  }

  private withSomebody(index: number, act: (who: Welcomed) => void): void {
    const alive = this.everybody.filter(({ id }) => this.living.has(id))
    const somebody = alive[index % alive.length]
    if (somebody !== undefined) act(somebody)
  }
}
