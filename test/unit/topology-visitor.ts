/** A visitor of a real topology server over a real socket, for tests: what it hears waits until it is asked for. */

import { once } from 'node:events'

import { WebSocket, type ClientOptions } from 'ws'

import type { FileFacts, Locator, PeerId } from '../../src/core/types.ts'
import { encodeTopologyMessage, parseServerMessage } from '../../src/core/wire/topology-codec.ts'
import type { ClientMessage, Join, ServerMessage, Welcome } from '../../src/core/wire/topology-messages.ts'

export const LOCATOR = 'a'.repeat(64) as Locator
export const FACTS: FileFacts = { sizeBytes: 1e7, chunkBytes: 65_536, validator: '"v1"', root: null }

export class TopologyVisitor {
  readonly socket: WebSocket
  /** Resolves to the code of the close. */
  readonly closed: Promise<number>
  private readonly heard: ServerMessage[] = []
  private readonly hearers: ((message: ServerMessage) => void)[] = []

  private constructor(url: string, options: ClientOptions) {
    this.socket = new WebSocket(url, options)
    this.socket.on('error', () => undefined)
    this.closed = new Promise((resolve) => this.socket.once('close', resolve))
    this.socket.on('message', (data) => {
      const message = parseServerMessage((data as Buffer).toString())
      if (message === null || message.type === 'unknown')
        throw new Error('The server said something malformed.')
      const hearer = this.hearers.shift()
      if (hearer === undefined) this.heard.push(message)
      else hearer(message)
    })
  }

  /** Rejects where the server refuses the handshake. */
  static async connect(url: string, options: ClientOptions = {}): Promise<TopologyVisitor> {
    const visitor = new TopologyVisitor(url, options)
    await once(visitor.socket, 'open')
    return visitor
  }

  /** Connects, joins and is welcomed. */
  static async join(
    url: string,
    facts: FileFacts | null = FACTS,
    rest: Pick<Join, 'resume' | 'seats'> = {},
  ): Promise<Welcomed> {
    const visitor = await TopologyVisitor.connect(url)
    visitor.say({ type: 'join', version: 1, locator: LOCATOR, facts, ...rest })
    const welcome = await visitor.next()
    if (welcome.type !== 'welcome') throw new Error(`Not a welcome, but ${welcome.type}`)
    return { visitor, id: welcome.id, welcome }
  }

  say(message: ClientMessage): void {
    this.socket.send(encodeTopologyMessage(message))
  }

  /** The next message: one that waits, or one that is still to come. */
  next(): Promise<ServerMessage> {
    const waiting = this.heard.shift()
    if (waiting !== undefined) return Promise.resolve(waiting)
    return new Promise((resolve) => this.hearers.push(resolve))
  }

  /** Whatever was under way when this was called has been handled by the server, and its answer is here. */
  async settled(): Promise<readonly ServerMessage[]> {
    this.say({ type: 'ping' })
    const before: ServerMessage[] = []
    for (;;) {
      const message = await this.next()
      if (message.type === 'pong') return before
      before.push(message)
    }
  }
}

export interface Welcomed {
  readonly visitor: TopologyVisitor
  readonly id: PeerId
  readonly welcome: Welcome
}
