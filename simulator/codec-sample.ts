/**
 * Sends one message in a hundred through the codecs and holds what comes out against what went in: the simulation
 * passes typed messages, and a page passes frames.
 */

import type { Random } from '../src/core/random.ts'
import { decodePeerFrame, encodedByteLength, encodePeerMessage } from '../src/core/wire/peer-codec.ts'
import type { PeerMessage } from '../src/core/wire/peer-messages.ts'
import {
  encodeTopologyMessage,
  parseClientMessage,
  parseServerMessage,
} from '../src/core/wire/topology-codec.ts'
import type { ClientMessage, ServerMessage } from '../src/core/wire/topology-messages.ts'

/** What is tried. Replaced only to see that what is broken is found. */
export const CODECS = {
  encodePeerMessage,
  encodedByteLength,
  decodePeerFrame,
  encodeTopologyMessage,
  parseClientMessage: parseClientMessage as (text: string) => unknown,
  parseServerMessage: parseServerMessage as (text: string) => unknown,
} as const

/** One in so many. */
const SAMPLE_EVERY = 100

/** Bytes of payload that stand for a block's: its header is what can go wrong. */
const SAMPLE_PAYLOAD_BYTES = 16

export class CodecSample {
  private readonly random: Random
  private readonly violate: (sentence: string) => void
  private readonly codecs: typeof CODECS
  private untilNext = 1

  constructor(random: Random, violate: (sentence: string) => void, codecs: typeof CODECS = CODECS) {
    this.random = random
    this.violate = violate
    this.codecs = codecs
  }

  peer(message: PeerMessage): void {
    if (--this.untilNext > 0) return
    this.drawNext()
    const typed =
      message.type === 'block'
        ? { ...message, payload: new Uint8Array(SAMPLE_PAYLOAD_BYTES) }
        : (message as PeerMessage<Uint8Array>)
    const { encodePeerMessage, encodedByteLength, decodePeerFrame } = this.codecs
    const frame = encodePeerMessage(typed)
    if (frame.length !== encodedByteLength(typed)) this.violate(`A ${message.type} is longer than it says.`)
    if (!isSame(decodePeerFrame(frame), typed)) this.violate(`A ${message.type} is not what was encoded.`)
  }

  toServer(message: ClientMessage): void {
    this.topology(message, this.codecs.parseClientMessage)
  }

  fromServer(message: ServerMessage): void {
    this.topology(message, this.codecs.parseServerMessage)
  }

  private topology(message: ClientMessage | ServerMessage, parse: (text: string) => unknown): void {
    if (--this.untilNext > 0) return
    this.drawNext()
    if (!isSame(parse(this.codecs.encodeTopologyMessage(message)), message))
      this.violate(`A topology message '${message.type}' is not what was encoded.`)
  }

  /** Gaps around the mean, so that no pattern of messages hides from it. */
  private drawNext(): void {
    this.untilNext = 1 + this.random.below(2 * SAMPLE_EVERY - 1)
  }
}

/** Whether two values of plain data are the same. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))]
  return left.length === right.size && left.every(([key, value]) => isSame(value, right.get(key)))
}
