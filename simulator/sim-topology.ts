/**
 * The topology server in the simulation: the very rooms of the server, behind sockets with latency and outages. After
 * an outage the server knows nobody: it was a restart.
 */

import { Rooms } from '../signaling-server/rooms.ts'
import type { Connection, RoomsInput } from '../signaling-server/rooms-io.ts'
import { signedTokens } from '../signaling-server/tokens.ts'
import type { Random } from '../src/core/random.ts'
import type { PeerId } from '../src/core/types.ts'
import type { ClientMessage, ServerMessage } from '../src/core/wire/topology-messages.ts'
import type { CodecSample } from './codec-sample.ts'
import type { EventQueue } from './event-queue.ts'
import type { JoinRush } from './faults/join-rush.ts'

/** The longest a socket may be silent, in ms: the server's own default. */
export const HEARTBEAT_MS = 60_000

/** How often the rooms are given the time, in ms: as often as by the server itself. */
const TICK_MS = 1000

/** What the server knows of a socket. */
export interface ServerSide {
  receive(message: ServerMessage): void
  dropped(closeCode: number): void
}

export class SimTopology {
  socketsMax = 0
  messagesIn = 0
  messagesOut = 0
  joins = 0
  /** What is counted of coming back after an outage. */
  rush: JoinRush | null = null
  private readonly queue: EventQueue
  private readonly codec: CodecSample
  private readonly ids: Random
  private readonly sockets = new Map<Connection, ServerSide>()
  private rooms: Rooms
  private nextConnection = 0
  private isAway = false

  constructor(queue: EventQueue, codec: CodecSample, random: Random) {
    this.queue = queue
    this.codec = codec
    this.ids = random.fork()
    this.rooms = this.newRooms()
  }

  get socketCount(): number {
    return this.sockets.size
  }

  /** Starts the server's clock, and schedules when it is away. */
  run(outages: readonly { readonly fromMs: number; readonly untilMs: number | null }[]): void {
    this.queue.after(TICK_MS, this, null)
    for (const { fromMs, untilMs } of outages) {
      this.queue.callAt(fromMs, () => this.goAway())
      if (untilMs !== null)
        this.queue.callAt(untilMs, () => {
          this.isAway = false
          this.rush?.cameBack(untilMs)
        })
    }
  }

  /** A tick is due. */
  happen(): void {
    if (!this.isAway) this.handle({ type: 'tick' })
    this.queue.after(TICK_MS, this, null)
  }

  /** A socket is opened; null while the server is away. */
  connect(side: ServerSide, addressPrefix: string): Connection | null {
    if (this.isAway) return null
    const connection = this.nextConnection++
    this.sockets.set(connection, side)
    this.socketsMax = Math.max(this.socketsMax, this.sockets.size)
    this.handle({ type: 'connected', connection, addressPrefix })
    return connection
  }

  hear(connection: Connection, message: ClientMessage): void {
    if (!this.sockets.has(connection)) return
    this.messagesIn++
    if (message.type === 'join') {
      this.joins++
      this.rush?.joined(this.queue.nowMs, this.sockets.size)
    }
    this.codec.toServer(message)
    this.handle({ type: 'message', connection, message })
  }

  /** The visitor's end is closed. */
  disconnected(connection: Connection): void {
    if (this.sockets.delete(connection)) this.handle({ type: 'disconnected', connection })
  }

  private handle(input: RoomsInput): void {
    for (const output of this.rooms.handle(input, this.queue.nowMs)) {
      const side = this.sockets.get(output.connection)
      if (output.type === 'close') {
        this.sockets.delete(output.connection)
        side?.dropped(output.code)
      } else if (side !== undefined) {
        this.messagesOut++
        this.codec.fromServer(output.message)
        side.receive(output.message)
      }
    }
  }

  private goAway(): void {
    this.isAway = true
    this.rush?.left(this.sockets.size)
    const sides = [...this.sockets.values()]
    this.sockets.clear()
    this.rooms = this.newRooms()
    for (const side of sides) side.dropped(1006)
  }

  private newRooms(): Rooms {
    const { ids } = this
    const key = hex(ids.uint32())
    // Nobody forges here: whose token it is, and of which server, is all that a signature has to say.
    const tokens = signedTokens({ sign: (text) => `${key} ${text}`, isSame: (left, right) => left === right })
    return new Rooms({
      newPeerId: () => (hex(ids.uint32()) + hex(ids.uint32())) as PeerId,
      random: () => ids.fraction(),
      tokens,
      heartbeatMs: HEARTBEAT_MS,
    })
  }
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0')
}
