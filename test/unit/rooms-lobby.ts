/** Rooms with visitors in them, as tests of the rooms want to speak of them. */

import type { FileFacts, Locator, PeerId } from '../../src/core/types.ts'
import type { ClientMessage, Resume, ServerMessage, Welcome } from '../../src/core/wire/topology-messages.ts'
import type { UnknownMessage } from '../../src/core/wire/topology-codec.ts'
import { Rooms, type Connection, type RoomsOptions } from '../../signaling-server/rooms.ts'
import { signedTokens } from '../../signaling-server/tokens.ts'

export const LOCATOR = 'a'.repeat(64) as Locator
export const OTHER_LOCATOR = 'b'.repeat(64) as Locator
export const FACTS: FileFacts = { sizeBytes: 1e7, chunkBytes: 65_536, validator: '"v1"', root: null }
export const NEWER_FACTS: FileFacts = { ...FACTS, validator: '"v2"' }

/** Anybody could sign as this server does, but nobody here does. */
const TOKENS = signedTokens({
  sign: (text) => `signed ${text}`,
  isSame: (left, right) => left === right,
})

export class Lobby {
  readonly rooms: Rooms
  nowMs = 0
  private connections = 0
  private ids = 0
  private readonly inboxes = new Map<Connection, ServerMessage[]>()
  private readonly closes = new Map<Connection, { code: number; reason: string }>()

  constructor(options: Partial<RoomsOptions> = {}) {
    const newPeerId = (): PeerId => (++this.ids).toString(16).padStart(16, '0') as PeerId
    this.rooms = new Rooms({ newPeerId, random: () => 0, tokens: TOKENS, heartbeatMs: 60_000, ...options })
  }

  /** A connection, each from a network of its own unless told otherwise. */
  connect(addressPrefix?: string): Connection {
    const connection = ++this.connections
    this.inboxes.set(connection, [])
    this.handle({ type: 'connected', connection, addressPrefix: addressPrefix ?? `network ${connection}` })
    return connection
  }

  say(connection: Connection, message: ClientMessage | UnknownMessage | null): void {
    this.handle({ type: 'message', connection, message })
  }

  disconnect(connection: Connection): void {
    this.handle({ type: 'disconnected', connection })
  }

  tick(): void {
    this.handle({ type: 'tick' })
  }

  /** Connects and joins; what came of it is in `heard`. */
  enter(facts: FileFacts | null, { locator = LOCATOR, addressPrefix, ...rest }: Entry = {}): Connection {
    const connection = this.connect(addressPrefix)
    this.say(connection, { type: 'join', version: 1, locator, facts, ...rest })
    return connection
  }

  /** Joins and is welcomed, or throws. */
  welcome(facts: FileFacts | null, entry: Entry = {}): Welcomed {
    const connection = this.enter(facts, entry)
    return { connection, ...this.heardWelcome(connection) }
  }

  signal(from: Welcomed, to: Welcomed, data: unknown = 'hello'): void {
    this.say(from.connection, { type: 'signal', to: to.id, data })
  }

  /** What was sent to it since the last look. */
  heard(connection: Connection): readonly ServerMessage[] {
    const messages = this.inboxes.get(connection) ?? []
    this.inboxes.set(connection, [])
    return messages
  }

  heardWelcome(connection: Connection): Welcome {
    const messages = this.heard(connection)
    const [message] = messages
    if (messages.length === 1 && message?.type === 'welcome') return message
    throw new Error(`Not one welcome, but ${JSON.stringify(messages)}`)
  }

  /** With which code it was closed; null while it is open. */
  closedWith(connection: Connection): number | null {
    return this.closes.get(connection)?.code ?? null
  }

  private handle(input: Parameters<Rooms['handle']>[0]): void {
    for (const output of this.rooms.handle(input, this.nowMs)) {
      if (this.closes.has(output.connection)) throw new Error('Something was said to a closed connection.')
      if (output.type === 'send') this.inboxes.get(output.connection)?.push(output.message)
      else this.closes.set(output.connection, { code: output.code, reason: output.reason })
    }
  }
}

export interface Entry {
  readonly locator?: Locator
  readonly addressPrefix?: string
  readonly resume?: Resume
  readonly seats?: number
}

export type Welcomed = Welcome & { readonly connection: Connection }

/** The code of the error that these messages end with; null where they do not. */
export function errorCode(messages: readonly ServerMessage[]): string | null {
  const last = messages.at(-1)
  return last?.type === 'error' ? last.code : null
}
