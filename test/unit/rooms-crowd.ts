/**
 * A crowd of visitors that do as they are told, in steps of one second: they join, give up their sockets when they are
 * released, toss their coins, register again, and leave with or without a word.
 */

import { Random } from '../../src/core/random.ts'
import type { PeerId } from '../../src/core/types.ts'
import type { Resume, ServerMessage, Welcome } from '../../src/core/wire/topology-messages.ts'
import type { Connection } from '../../signaling-server/rooms.ts'
import type { RoomsLimits } from '../../signaling-server/rooms-limits.ts'
import { signedTokens } from '../../signaling-server/tokens.ts'
import { FACTS, Lobby, LOCATOR } from './rooms-lobby.ts'

const COIN_MS = 60_000

export interface Somebody {
  id: PeerId
  /** Null: without a socket. */
  connection: Connection | null
  welcome: Welcome
  isReleased: boolean
  coinAtMs: number
  leavesAtMs: number
}

export interface CrowdSettings {
  readonly seed: number
  readonly limits?: Partial<RoomsLimits>
  /** How long a visitor stays, in ms. Default: for ever. */
  readonly drawStayMs?: (random: Random) => number
}

export class Crowd {
  lobby: Lobby
  private starts = 0
  readonly members = new Set<Somebody>()
  /** Swarm size told, over the true one, of every welcome since `told` was last emptied. */
  told: number[] = []
  /** Registrations of each second, the last one last. */
  readonly registrations: number[] = []
  private readonly settings: CrowdSettings
  private readonly random: Random

  constructor(settings: CrowdSettings) {
    this.settings = settings
    this.random = new Random(settings.seed)
    this.lobby = this.newLobby()
  }

  get sockets(): number {
    return this.lobby.rooms.counts.connections
  }

  get live(): Somebody[] {
    return [...this.members].filter(({ connection }) => connection !== null)
  }

  /** Poisson arrivals for so many seconds. */
  pass(seconds: number, arrivalsPerSec = 0, each: () => void = () => undefined): void {
    for (let second = 0; second < seconds; second++) {
      this.lobby.nowMs += 1_000
      this.registrations.push(0)
      this.lobby.tick()
      for (const somebody of this.members) this.live1s(somebody)
      for (let due = this.poisson(arrivalsPerSec); due > 0; due--) this.arrive()
      this.hear()
      each()
    }
  }

  arrive(addressPrefix?: string): Somebody {
    const { lobby, random, settings } = this
    const stayMs = settings.drawStayMs?.(random) ?? Infinity
    const entry = addressPrefix === undefined ? {} : { addressPrefix }
    const welcome = lobby.welcome(FACTS, entry)
    const somebody: Somebody = {
      id: welcome.id,
      connection: welcome.connection,
      welcome,
      isReleased: false,
      coinAtMs: Infinity,
      leavesAtMs: lobby.nowMs + stayMs,
    }
    this.members.add(somebody)
    this.note(welcome)
    return somebody
  }

  /** Vanishes; the server notices only a socket. */
  vanish(somebody: Somebody): void {
    if (somebody.connection !== null) this.lobby.disconnect(somebody.connection)
    this.members.delete(somebody)
  }

  vanishSome(share: number): void {
    for (const somebody of this.members) if (this.random.fraction() < share) this.vanish(somebody)
  }

  /** The server is killed and started again: all sockets are gone, and all that it knew. */
  restart(): void {
    const { nowMs } = this.lobby
    this.lobby = this.newLobby()
    this.lobby.nowMs = nowMs
    for (const somebody of this.live) {
      somebody.connection = null
      this.comeBack(somebody, null)
    }
  }

  private newLobby(): Lobby {
    const { limits = {} } = this.settings
    const start = ++this.starts
    let ids = 0
    return new Lobby({
      limits,
      random: () => this.random.fraction(),
      newPeerId: () => `${start}${(++ids).toString(16).padStart(15, '0')}` as PeerId,
      tokens: signedTokens({ sign: (text) => `${start} ${text}`, isSame: (a, b) => a === b }),
    })
  }

  private live1s(somebody: Somebody): void {
    const { nowMs } = this.lobby
    if (somebody.leavesAtMs <= nowMs) return this.vanish(somebody)
    if (somebody.connection !== null) {
      if (somebody.isReleased) this.detach(somebody, somebody.connection)
    } else if (somebody.coinAtMs <= nowMs) {
      somebody.coinAtMs += COIN_MS
      const { swarmSize, window } = somebody.welcome
      if (this.random.fraction() < window / swarmSize) this.comeBack(somebody, swarmSize)
    }
  }

  private detach(somebody: Somebody, connection: Connection): void {
    this.lobby.say(connection, { type: 'detach' })
    somebody.connection = null
    somebody.isReleased = false
    somebody.coinAtMs = this.lobby.nowMs + this.random.fraction() * COIN_MS
  }

  private comeBack(somebody: Somebody, swarmSize: number | null): void {
    const { token } = somebody.welcome
    const resume: Resume = { id: somebody.id, token, swarmSize }
    const connection = this.lobby.connect(`home of ${somebody.id}`)
    this.lobby.say(connection, { type: 'join', version: 1, locator: LOCATOR, facts: FACTS, resume })
    somebody.connection = connection
    somebody.welcome = this.lobby.heardWelcome(connection)
    somebody.id = somebody.welcome.id
    this.note(somebody.welcome)
  }

  private note({ swarmSize }: Welcome): void {
    this.told.push(swarmSize / this.members.size)
    this.registrations.push((this.registrations.pop() ?? 0) + 1)
  }

  private hear(): void {
    for (const somebody of this.members) {
      if (somebody.connection === null || somebody.isReleased) continue
      const heard: readonly ServerMessage[] = this.lobby.heard(somebody.connection)
      if (heard.some(({ type }) => type === 'released')) somebody.isReleased = true
    }
  }

  private poisson(mean: number): number {
    let count = -1
    for (let product = 1, floor = Math.exp(-mean); product > floor; count++) product *= this.random.fraction()
    return count
  }
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
