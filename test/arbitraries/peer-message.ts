/** fast-check arbitrary of peer messages. */

import * as fc from 'fast-check'

import { parsePeerId, type PeerId } from '../../src/core/types.ts'
import {
  DIGEST_BYTES,
  MAX_CHUNK_BYTES,
  MAX_CHUNKS,
  MAX_CHUNKS_PER_LEAVING,
  MAX_FILE_BYTES,
  MAX_HOPS,
  MAX_RELAY_HOPS,
  MAX_RENEWAL_SEC,
  MAX_REQUESTS_PER_MESSAGE,
  MAX_RUNS_PER_CLAIM,
  MAX_SEATS,
  MAX_VALIDATOR_LENGTH,
  MIN_CHUNK_BYTES,
} from '../../src/core/wire/limits.ts'
import type { PeerMessage, SeatPlan } from '../../src/core/wire/peer-messages.ts'

type Message = PeerMessage<Uint8Array>

const MOST_BYTES = 2000

/** Any message within the limits; lists and bytes are kept short, for speed. */
export function anyPeerMessage(): fc.Arbitrary<Message> {
  const shortBytes = fc.uint8Array({ minLength: 1, maxLength: MOST_BYTES })
  const chunk = fc.nat(MAX_CHUNKS - 1)
  const u32 = fc.nat(2 ** 32 - 1)
  const requests = fc.array(chunk, { minLength: 1, maxLength: MAX_REQUESTS_PER_MESSAGE })
  const printable = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: MAX_VALIDATOR_LENGTH })
  const file = fc
    .tuple(fc.integer({ min: MIN_CHUNK_BYTES, max: MAX_CHUNK_BYTES }), fc.nat(MAX_FILE_BYTES))
    .map(([chunkBytes, size]) => ({ chunkBytes, sizeBytes: Math.min(size, chunkBytes * MAX_CHUNKS) }))
  const hello = fc
    .record({
      type: fc.constant('hello' as const),
      version: fc.nat(2 ** 16 - 1),
      features: u32,
      validator: fc.option(printable),
      root: fc.option(hexDigits(DIGEST_BYTES)),
    })
    .chain((rest) => file.map((shape) => ({ ...rest, ...shape })))
  const have = fc
    .tuple(fc.array(chunk, { minLength: 1, maxLength: 100 }), fc.boolean())
    .map(([chunks, hasDigests]): Message => {
      const digests = new Uint8Array(chunks.length * DIGEST_BYTES).fill(chunks[0] ?? 0)
      return { type: 'have', chunks, digests: hasDigests ? digests : null }
    })
  const run = fc
    .tuple(chunk, fc.integer({ min: 1, max: MAX_CHUNKS }))
    .map(([start, count]) => ({ start, count: Math.min(count, MAX_CHUNKS - start) }))
  const claim = fc.record({
    type: fc.constant('claim' as const),
    peer: hexDigits(8).map(peerId),
    origin: u32,
    sequence: u32,
    hops: fc.nat(MAX_HOPS),
    runs: fc.array(run, { maxLength: MAX_RUNS_PER_CLAIM }),
    brought: fc.array(run, { maxLength: MAX_RUNS_PER_CLAIM }),
    goodputBytesPerSec: u32,
    renewalSec: fc.integer({ min: 1, max: MAX_RENEWAL_SEC }),
    plan: seatPlan(),
  })
  const update = fc.record({
    type: fc.constant('update' as const),
    peer: hexDigits(8).map(peerId),
    sequence: u32,
    hops: fc.nat(MAX_HOPS),
    degree: fc.nat(255),
    bits: shortBytes,
  })
  const relay = fc.record({
    type: fc.constant('relay' as const),
    from: hexDigits(8).map(peerId),
    to: hexDigits(8).map(peerId),
    nonce: u32,
    ttl: fc.nat(MAX_RELAY_HOPS),
    data: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: MOST_BYTES }),
  })
  return fc.oneof(
    hello,
    have,
    claim,
    update,
    relay,
    fc.record({
      type: fc.constantFrom('request' as const, 'cancel' as const, 'refuse' as const),
      chunks: requests,
    }),
    fc.record({ type: fc.constantFrom('bitfield' as const, 'known' as const), bits: shortBytes }),
    fc.record({
      type: fc.constant('block' as const),
      chunk,
      offsetBytes: fc.nat(MAX_CHUNK_BYTES - MOST_BYTES),
      payload: shortBytes,
    }),
    fc.record({ type: fc.constant('probe' as const), number: u32 }),
    fc.record({ type: fc.constant('echo' as const), number: u32, heardAtMs: u32 }),
    fc.record({
      type: fc.constant('leaving' as const),
      chunks: fc.array(chunk, { maxLength: MAX_CHUNKS_PER_LEAVING }),
    }),
    fc.constant({ type: 'goodbye' as const }),
  )
}

function seatPlan(): fc.Arbitrary<SeatPlan> {
  const u32 = fc.nat(2 ** 32 - 1)
  const seats = fc.integer({ min: 1, max: MAX_SEATS })
  return fc.record({
    version: u32,
    seats,
    phase: fc.constantFrom('steady' as const, 'growing' as const, 'shrinking' as const),
    heldSeats: seats,
    triesLess: fc.boolean(),
    holdSec: u32,
    patienceSec: u32,
    goodputBytesPerSec: u32,
    openSeats: u32,
  })
}

function hexDigits(lengthBytes: number): fc.Arbitrary<string> {
  return fc
    .uint8Array({ minLength: lengthBytes, maxLength: lengthBytes })
    .map((bytes) => Buffer.from(bytes).toString('hex'))
}

function peerId(text: string): PeerId {
  const id = parsePeerId(text)
  if (id === null) throw new Error(`${text} is no peer id.`)
  return id
}
