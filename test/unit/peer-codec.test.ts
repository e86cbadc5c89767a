import { assert, nat, property } from 'fast-check'
import { describe, expect, test } from 'vitest'

import { firstPlan } from '../../src/core/origin/seat-plan.ts'
import { Random } from '../../src/core/random.ts'
import type { PeerId } from '../../src/core/types.ts'
import {
  DIGEST_BYTES,
  MAX_BLOCK_BYTES,
  MAX_CHUNK_BYTES,
  MAX_CHUNKS,
  MAX_FILE_BYTES,
  MAX_FRAME_BYTES,
  MAX_HAVES_PER_MESSAGE,
  MAX_HOPS,
  MAX_RELAY_DATA_BYTES,
  MAX_RELAY_HOPS,
  MAX_REQUESTS_PER_MESSAGE,
  MAX_RUNS_PER_CLAIM,
  MAX_SEATS,
  MAX_VALIDATOR_LENGTH,
  MIN_CHUNK_BYTES,
} from '../../src/core/wire/limits.ts'
import {
  BLOCK_HEADER_BYTES,
  decodePeerFrame,
  encodeBlock,
  encodedByteLength,
  encodePeerMessage,
} from '../../src/core/wire/peer-codec.ts'
import { FRAME_TYPE } from '../../src/core/wire/peer-frame.ts'
import type { PeerMessage } from '../../src/core/wire/peer-messages.ts'
import { anyPeerMessage } from '../arbitraries/peer-message.ts'
import vectors from '../vectors/peer.json' with { type: 'json' }

type Message = PeerMessage<Uint8Array>

const MUTATIONS = 200_000
const SEED = 0x5eed

describe('the vectors', () => {
  test.each(vectors.messages)('$name: encodes to the frame', ({ message, frame }) => {
    expect(toHex(encodePeerMessage(fromVector(message)))).toBe(frame)
  })

  test.each(vectors.messages)('$name: decodes to the message', ({ message, frame }) => {
    expect(decodePeerFrame(fromHex(frame))).toEqual(fromVector(message))
  })

  test.each(vectors.malformed)('$name: is malformed', ({ frame }) => {
    expect(decodePeerFrame(fromHex(frame))).toBeNull()
  })

  test.each(vectors.unknown)('$name: is to be ignored', ({ frame }) => {
    expect(decodePeerFrame(fromHex(frame))).toEqual({ type: 'unknown' })
  })

  test('cover every message', () => {
    const covered = new Set(vectors.messages.map(({ message }) => message.type))
    expect([...covered].sort()).toEqual(Object.keys(FRAME_TYPE).sort())
  })
})

describe('any message within the limits', () => {
  test('comes back from its frame as it was, and its length is known beforehand', () => {
    assert(
      property(anyPeerMessage(), (message) => {
        const frame = encodePeerMessage(message)
        expect(frame.length).toBe(encodedByteLength(message))
        expect(frame.length).toBeLessThanOrEqual(MAX_FRAME_BYTES)
        expect(decodePeerFrame(frame)).toEqual(message)
      }),
      { numRuns: 2_000 },
    )
  })

  test('is decoded from the middle of a larger buffer as well', () => {
    assert(
      property(anyPeerMessage(), nat(64), (message, before) => {
        const frame = encodePeerMessage(message)
        const buffer = new Uint8Array(before + frame.length + 7).fill(0xee)
        buffer.set(frame, before)
        expect(decodePeerFrame(buffer.subarray(before, before + frame.length))).toEqual(message)
      }),
    )
  })

  test('cut off at any byte is malformed, or a shorter message in its own right', () => {
    assert(
      property(anyPeerMessage(), (message) => {
        const frame = encodePeerMessage(message)
        for (let length = 0; length < frame.length; length++) expectCanonical(frame.slice(0, length))
      }),
      { numRuns: 300 },
    )
  })

  test('with fields of fixed number is malformed when cut off at any byte', () => {
    const fixed = vectors.messages.filter(({ message }) => ['hello', 'goodbye'].includes(message.type))
    for (const { frame } of fixed) {
      const bytes = fromHex(frame)
      for (let length = 0; length < bytes.length; length++) {
        expect(decodePeerFrame(bytes.slice(0, length)), `${frame} cut to ${length} bytes`).toBeNull()
      }
    }
  })
})

describe('hostile frames', () => {
  test(`${MUTATIONS} mutations of real frames never throw, and decode canonically or not at all`, () => {
    const random = new Random(SEED)
    const pool = [...vectors.messages, ...vectors.malformed, ...vectors.unknown].map(({ frame }) =>
      fromHex(frame),
    )
    let decoded = 0
    for (let run = 0; run < MUTATIONS; run++) decoded += expectCanonical(mutate(pool, random)) ? 1 : 0
    expect(decoded).toBeGreaterThan(MUTATIONS / 50)
    expect(decoded).toBeLessThan(MUTATIONS)
  })

  test('every type byte with a body of every small length is survived', () => {
    for (let type = 0; type < 256; type++) {
      for (let length = 1; length < 64; length++) {
        expectCanonical(new Uint8Array(length).fill(0, 1).fill(type, 0, 1))
        expectCanonical(new Uint8Array(length).fill(0xff, 1).fill(type, 0, 1))
      }
    }
  })

  test('a frame longer than any may be is malformed, whatever its type', () => {
    for (const type of [...Object.values(FRAME_TYPE), 0x7f]) {
      const frame = new Uint8Array(MAX_FRAME_BYTES + 1)
      frame[0] = type
      expect(decodePeerFrame(frame)).toBeNull()
    }
  })

  test.each([
    ['block', MAX_BLOCK_BYTES + BLOCK_HEADER_BYTES],
    ['bitfield', MAX_CHUNKS / 8 + 1],
    ['have', 2 + 4 * MAX_HAVES_PER_MESSAGE],
    ['request', 1 + 4 * MAX_REQUESTS_PER_MESSAGE],
    ['update', 15 + MAX_CHUNKS / 8],
    ['relay', 22 + MAX_RELAY_DATA_BYTES],
  ] as const)('a %s as long as it may be is taken, and one entry more is not', (type, longestBytes) => {
    const entryBytes = type === 'have' || type === 'request' ? 4 : 1
    // Spaces where it is text; a low number where it is none.
    const frame = new Uint8Array(longestBytes + entryBytes).fill(type === 'relay' ? 0x20 : 0)
    if (type === 'relay') frame[21] = 6
    frame[0] = FRAME_TYPE[type]
    expect(decodePeerFrame(frame.slice(0, longestBytes))?.type).toBe(type)
    expect(decodePeerFrame(frame)).toBeNull()
  })
})

describe('copies', () => {
  test('a payload, digests and a bit field are views of the frame they came in', () => {
    const block = decodePeerFrame(encodeBlock(1, 0, new Uint8Array(1000), 0, 1000))
    const frame = encodePeerMessage({ type: 'bitfield', bits: Uint8Array.of(1, 2, 3) })
    const bitfield = decodePeerFrame(frame)
    if (block?.type !== 'block' || bitfield?.type !== 'bitfield') throw new Error('Neither was decoded.')
    expect(block.payload.buffer.byteLength).toBe(1000 + BLOCK_HEADER_BYTES)
    expect(bitfield.bits.buffer).toBe(frame.buffer)
  })

  test('a block is cut out of its source', () => {
    const source = Uint8Array.from({ length: 100 }, (_, at) => at)
    expect(decodePeerFrame(encodeBlock(9, 20, source, 20, 50))).toEqual({
      type: 'block',
      chunk: 9,
      offsetBytes: 20,
      payload: source.slice(20, 50),
    })
  })
})

describe('messages that no receiver would take are refused by the encoder', () => {
  const peer = '0123456789abcdef' as PeerId
  const hello = { type: 'hello', version: 1, features: 0, sizeBytes: 1, chunkBytes: 65536 } as const
  const claim = {
    type: 'claim',
    peer,
    origin: 0,
    sequence: 0,
    hops: 0,
    runs: [],
    brought: [],
    goodputBytesPerSec: 0,
    renewalSec: 2,
    plan: firstPlan(8),
  } as const
  const update = { type: 'update', peer, sequence: 0, hops: 1, degree: 0, bits: new Uint8Array(1) } as const
  const relay = { type: 'relay', from: peer, to: peer, nonce: 0, ttl: 6, data: '{}' } as const
  const tooManyRuns = Array.from({ length: MAX_RUNS_PER_CLAIM + 1 }, () => ({ start: 0, count: 1 }))
  const tooMany: Record<string, Message> = {
    'a negative chunk': { type: 'request', chunks: [-1] },
    'a fractional chunk': { type: 'request', chunks: [1.5] },
    'a chunk beyond the limit': { type: 'cancel', chunks: [MAX_CHUNKS] },
    'no chunks': { type: 'refuse', chunks: [] },
    'too many requests': { type: 'request', chunks: Array<number>(MAX_REQUESTS_PER_MESSAGE + 1).fill(0) },
    'too many haves': {
      type: 'have',
      chunks: Array<number>(MAX_HAVES_PER_MESSAGE + 1).fill(0),
      digests: null,
    },
    'a digest too few': { type: 'have', chunks: [1, 2], digests: new Uint8Array(DIGEST_BYTES) },
    'an empty bit field': { type: 'bitfield', bits: new Uint8Array() },
    'too long a bit field': { type: 'bitfield', bits: new Uint8Array(MAX_CHUNKS / 8 + 1) },
    'an empty block': { type: 'block', chunk: 0, offsetBytes: 0, payload: new Uint8Array() },
    'too long a block': {
      type: 'block',
      chunk: 0,
      offsetBytes: 0,
      payload: new Uint8Array(MAX_BLOCK_BYTES + 1),
    },
    'a block past its chunk': {
      type: 'block',
      chunk: 0,
      offsetBytes: MAX_CHUNK_BYTES,
      payload: new Uint8Array(1),
    },
    'an empty validator': { ...hello, validator: '', root: null },
    'too long a validator': { ...hello, validator: 'v'.repeat(MAX_VALIDATOR_LENGTH + 1), root: null },
    'an unprintable validator': { ...hello, validator: 'é', root: null },
    'a root that is none': { ...hello, validator: null, root: 'ABC' },
    'too large a file': { ...hello, sizeBytes: MAX_FILE_BYTES + 1, validator: null, root: null },
    'too small a chunk': { ...hello, chunkBytes: MIN_CHUNK_BYTES - 1, validator: null, root: null },
    'too many hops': { ...claim, hops: MAX_HOPS + 1 },
    'too large a sequence': { ...claim, sequence: 2 ** 32 },
    'an id that is none': { ...claim, peer: 'me' as PeerId },
    'too many runs': { ...claim, runs: tooManyRuns },
    'too many brought': { ...claim, brought: tooManyRuns },
    'an empty run': { ...claim, runs: [{ start: 0, count: 0 }] },
    'no seats': { ...claim, plan: { ...claim.plan, seats: 0 } },
    'an update of nobody': { ...update, peer: 'me' as PeerId },
    'an update that went too far': { ...update, hops: MAX_HOPS + 1 },
    'an update of no chunks': { ...update, bits: new Uint8Array() },
    'an update of too many chunks': { ...update, bits: new Uint8Array(MAX_CHUNKS / 8 + 1) },
    'too large a degree': { ...update, degree: 256 },
    'a relay to nobody': { ...relay, to: 'me' as PeerId },
    'a relay that goes too far': { ...relay, ttl: MAX_RELAY_HOPS + 1 },
    'a relay that went too far': { ...relay, ttl: -1 },
    'too large a nonce': { ...relay, nonce: 2 ** 32 },
    'a relay of nothing': { ...relay, data: '' },
    'a relay of too much': { ...relay, data: ' '.repeat(MAX_RELAY_DATA_BYTES + 1) },
    'a relay of more than ASCII': { ...relay, data: '"ü"' },
    'too many seats': { ...claim, plan: { ...claim.plan, heldSeats: MAX_SEATS + 1 } },
  }

  test.each(Object.entries(tooMany))('%s', (_, message) => {
    expect(() => encodePeerMessage(message)).toThrow(expect.objectContaining({ name: 'InvariantError' }))
  })

  test('a block outside its source', () => {
    expect(() => encodeBlock(0, 0, new Uint8Array(10), 5, 11)).toThrow('within its source')
    expect(() => encodeBlock(0, 0, new Uint8Array(10), 6, 5)).toThrow('within its source')
  })
})

/** Decodes; whatever comes out must have exactly this frame. Whether it was a message. */
function expectCanonical(frame: Uint8Array<ArrayBuffer>): boolean {
  const message = decodePeerFrame(frame)
  if (message === null || message.type === 'unknown') return false
  if (toHex(encodePeerMessage(message)) !== toHex(frame)) {
    throw new Error(`Not canonical: ${toHex(frame)} (replay with seed ${SEED})`)
  }
  return true
}

/** One of the frames, damaged: bytes overwritten, bits flipped, cut off, drawn out, or joined to another. */
function mutate(pool: Uint8Array<ArrayBuffer>[], random: Random): Uint8Array<ArrayBuffer> {
  const original = pick(pool, random)
  const kind = random.below(5)
  if (kind === 0) return original.slice(0, random.below(original.length + 1))
  if (kind === 1)
    return join(
      original,
      Uint8Array.from({ length: 1 + random.below(40) }, () => random.below(256)),
    )
  if (kind === 2) return join(original.slice(0, random.below(original.length + 1)), pick(pool, random))
  const damaged = original.slice()
  for (let hits = 1 + random.below(3); hits > 0; hits--) {
    const at = random.below(damaged.length)
    const flipped = (damaged[at] ?? 0) ^ (1 << random.below(8))
    if (at < damaged.length)
      damaged[at] = kind === 3 ? flipped : ([0, 1, 0x7f, 0x80, 0xff][random.below(5)] ?? 0)
  }
  return damaged
}

function pick(pool: Uint8Array<ArrayBuffer>[], random: Random): Uint8Array<ArrayBuffer> {
  return pool[random.below(pool.length)] ?? new Uint8Array()
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(first.length + second.length)
  joined.set(first)
  joined.set(second, first.length)
  return joined
}

/** A message of the vectors file, whose byte fields are hex. */
function fromVector(message: object): Message {
  const entries = Object.entries(message).map(([field, value]): [string, unknown] => [
    field,
    ['bits', 'digests', 'payload'].includes(field) && typeof value === 'string' ? fromHex(value) : value,
  ])
  return Object.fromEntries(entries) as unknown as Message
}

function fromHex(digits: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(digits, 'hex'))
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
