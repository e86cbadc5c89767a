import { readFileSync } from 'node:fs'

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { FileFacts, PeerId } from '../../src/core/types.ts'
import { MAX_SIGNAL_DATA_BYTES, MAX_SIGNAL_DEPTH } from '../../src/core/wire/json-values.ts'
import {
  MAX_CHUNK_BYTES,
  MAX_CHUNKS,
  MAX_FILE_BYTES,
  MAX_ICE_SERVERS,
  MAX_INTRODUCTIONS,
  MAX_TOPOLOGY_MESSAGE_BYTES,
  MAX_VALIDATOR_LENGTH,
  MIN_CHUNK_BYTES,
} from '../../src/core/wire/limits.ts'
import {
  encodeTopologyMessage,
  MAX_ICE_SECRET_LENGTH,
  MAX_ICE_URL_LENGTH,
  MAX_ICE_URLS,
  MAX_SENTENCE_LENGTH,
  parseClientMessage,
  parseFileFacts,
  parseServerMessage,
} from '../../src/core/wire/topology-codec.ts'
import type { ClientMessage, ServerMessage, Welcome } from '../../src/core/wire/topology-messages.ts'
import { clientMessages, serverMessages } from './topology-arbitraries.ts'

interface Vector {
  readonly name: string
  readonly from: 'visitor' | 'server'
  readonly text: string
  readonly message: { readonly type: string } | null
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/topology.json', import.meta.url), 'utf8'),
) as readonly Vector[]

const peer = (index: number): PeerId => index.toString(16).padStart(16, '0') as PeerId

const FACTS: FileFacts = { sizeBytes: 1e7, chunkBytes: 65_536, validator: '"v1"', root: null }
const WELCOME: Welcome = {
  type: 'welcome',
  version: 1,
  id: peer(0),
  token: 'token',
  joinIndex: 0,
  swarmSize: 1,
  window: 64,
  seats: null,
  peers: [],
  facts: FACTS,
  iceServers: [],
  heartbeatMs: 60_000,
}

function parses(change: Record<string, unknown>): boolean {
  return parseServerMessage(JSON.stringify({ ...WELCOME, ...change })) !== null
}

function acceptsFacts(change: Partial<Record<keyof FileFacts, unknown>>): boolean {
  return parseFileFacts({ ...FACTS, ...change }) !== null
}

function peers(count: number): PeerId[] {
  return Array.from({ length: count }, (_, index) => peer(index + 1))
}

function iceServers(count: number, server: object): Record<string, unknown> {
  return { iceServers: Array.from({ length: count }, () => server) }
}

function stunUrl(length: number): string {
  return 'stun:'.padEnd(length, 'a')
}

function pingWith(filler: string): string {
  return JSON.stringify({ type: 'ping', filler })
}

function nestedSignal(levels: number): string {
  return `{"type":"signal","to":"${peer(1)}","data":${'['.repeat(levels)}${']'.repeat(levels)}}`
}

function errorOf(sentenceLength: number): string {
  return JSON.stringify({ type: 'error', code: 'full', sentence: 's'.repeat(sentenceLength) })
}

describe('the vectors of the protocol', () => {
  it.each(vectors)('$from: $name', ({ from, text, message }) => {
    const parse = from === 'visitor' ? parseClientMessage : parseServerMessage
    expect(parse(text)).toStrictEqual(message)
    if (message === null || message.type === 'unknown') return
    expect(parse(encodeTopologyMessage(message as ClientMessage | ServerMessage))).toStrictEqual(message)
  })
})

describe('any message', () => {
  it('comes back as it was sent, from a visitor', () => {
    fc.assert(
      fc.property(clientMessages(), (message) => {
        expect(parseClientMessage(encodeTopologyMessage(message))).toStrictEqual(message)
      }),
    )
  })

  it('comes back as it was sent, from a server', () => {
    fc.assert(
      fc.property(serverMessages(), (message) => {
        expect(parseServerMessage(encodeTopologyMessage(message))).toStrictEqual(message)
      }),
    )
  })

  it('is read without the fields that this version does not know', () => {
    fc.assert(
      fc.property(clientMessages(), fc.jsonValue(), (message, extra) => {
        expect(parseClientMessage(JSON.stringify({ extra, ...message }))).toStrictEqual(message)
      }),
    )
  })
})

describe('hostile text', () => {
  it('never makes a parser throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        parseClientMessage(text)
        parseServerMessage(text)
      }),
    )
  })

  it('is refused or read whole when any one value of a good message is replaced', () => {
    const kinds = [
      'join',
      'facts',
      'signal',
      'leave',
      'detach',
      'ping',
      'welcome',
      'gone',
      'released',
      'pong',
      'error',
      'unknown',
    ]
    const mutants = fc.tuple(fc.oneof(clientMessages(), serverMessages()), fc.nat(20), fc.jsonValue())
    fc.assert(
      fc.property(mutants, ([message, at, value]) => {
        const text = JSON.stringify(replaceValue(message, at, value))
        for (const parsed of [parseClientMessage(text), parseServerMessage(text)]) {
          if (parsed !== null) expect(kinds).toContain(parsed.type)
          if (parsed?.type === 'facts') expect(parseFileFacts(parsed.facts)).toStrictEqual(parsed.facts)
        }
      }),
    )
  })

  it('is refused when it is longer than a message may be, counted in bytes', () => {
    const room = MAX_TOPOLOGY_MESSAGE_BYTES - pingWith('').length
    expect(parseClientMessage(pingWith('a'.repeat(room)))).toStrictEqual({ type: 'ping' })
    expect(parseClientMessage(pingWith('a'.repeat(room + 1)))).toBeNull()
    for (const character of ['é', '€', '😀']) {
      const bytes = new TextEncoder().encode(character).length
      const fitting = character.repeat(Math.floor(room / bytes))
      expect(parseClientMessage(pingWith(fitting))).toStrictEqual({ type: 'ping' })
      expect(parseClientMessage(pingWith(fitting + character))).toBeNull()
    }
  })

  it('cannot grow through the server into a message that the receiver refuses', () => {
    const data = Array.from({ length: 3_000 }, () => '1e20').join(',')
    const text = `{"type":"signal","to":"${peer(1)}","data":[${data}]}`
    expect(text.length).toBeLessThan(MAX_TOPOLOGY_MESSAGE_BYTES)
    expect(parseClientMessage(text)).toBeNull()

    const longest = 'x'.repeat(MAX_SIGNAL_DATA_BYTES - 2)
    const accepted = parseClientMessage(JSON.stringify({ type: 'signal', to: peer(1), data: longest }))
    expect(accepted).toMatchObject({ type: 'signal' })
    const relayed = encodeTopologyMessage({ type: 'signal', from: peer(2), data: longest })
    expect(parseServerMessage(relayed)).toStrictEqual({ type: 'signal', from: peer(2), data: longest })
    expect(
      parseClientMessage(JSON.stringify({ type: 'signal', to: peer(1), data: `${longest}x` })),
    ).toBeNull()
  })

  it('is refused when its data is nested too deeply, however deeply', () => {
    expect(parseClientMessage(nestedSignal(MAX_SIGNAL_DEPTH))).not.toBeNull()
    expect(parseClientMessage(nestedSignal(MAX_SIGNAL_DEPTH + 1))).toBeNull()
    expect(parseClientMessage(nestedSignal(8_000))).toBeNull()
  })

  it('cannot reach the prototype of what it is read into', () => {
    const parsed = parseClientMessage('{"type":"ping","__proto__":{"polluted":true}}')
    expect(parsed).toStrictEqual({ type: 'ping' })
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})

describe('facts', () => {
  it('hold every size and chunk size within the limits, and none outside', () => {
    expect(acceptsFacts({ sizeBytes: 0 })).toBe(true)
    expect(acceptsFacts({ sizeBytes: -1 })).toBe(false)
    expect(acceptsFacts({ sizeBytes: MAX_FILE_BYTES, chunkBytes: MAX_CHUNK_BYTES })).toBe(true)
    expect(acceptsFacts({ sizeBytes: MAX_FILE_BYTES + 1, chunkBytes: MAX_CHUNK_BYTES })).toBe(false)
    expect(acceptsFacts({ chunkBytes: MIN_CHUNK_BYTES })).toBe(true)
    expect(acceptsFacts({ chunkBytes: MIN_CHUNK_BYTES - 1 })).toBe(false)
    expect(acceptsFacts({ chunkBytes: MAX_CHUNK_BYTES + 1 })).toBe(false)
    expect(acceptsFacts({ sizeBytes: MAX_CHUNKS * MIN_CHUNK_BYTES, chunkBytes: MIN_CHUNK_BYTES })).toBe(true)
    expect(acceptsFacts({ sizeBytes: MAX_CHUNKS * MIN_CHUNK_BYTES + 1, chunkBytes: MIN_CHUNK_BYTES })).toBe(
      false,
    )
  })

  it('hold a validator of printable ASCII up to its limit', () => {
    expect(acceptsFacts({ validator: 'v'.repeat(MAX_VALIDATOR_LENGTH) })).toBe(true)
    expect(acceptsFacts({ validator: 'v'.repeat(MAX_VALIDATOR_LENGTH + 1) })).toBe(false)
    expect(acceptsFacts({ validator: 'a\nb' })).toBe(false)
    expect(acceptsFacts({ validator: undefined })).toBe(false)
  })
})

describe('a welcome', () => {
  it('introduces as many peers as its limit says, and no more', () => {
    expect(parses({ peers: peers(MAX_INTRODUCTIONS) })).toBe(true)
    expect(parses({ peers: peers(MAX_INTRODUCTIONS + 1) })).toBe(false)
  })

  it('bounds ICE servers, their URLs and their secrets', () => {
    expect(parses(iceServers(MAX_ICE_SERVERS, { urls: [stunUrl(10)] }))).toBe(true)
    expect(parses(iceServers(MAX_ICE_SERVERS + 1, { urls: [stunUrl(10)] }))).toBe(false)
    expect(parses(iceServers(1, { urls: Array(MAX_ICE_URLS).fill(stunUrl(MAX_ICE_URL_LENGTH)) }))).toBe(true)
    expect(parses(iceServers(1, { urls: Array(MAX_ICE_URLS + 1).fill(stunUrl(10)) }))).toBe(false)
    expect(parses(iceServers(1, { urls: [stunUrl(MAX_ICE_URL_LENGTH + 1)] }))).toBe(false)
    const secret = 's'.repeat(MAX_ICE_SECRET_LENGTH)
    expect(parses(iceServers(1, { urls: [stunUrl(10)], username: secret, credential: secret }))).toBe(true)
    expect(parses(iceServers(1, { urls: [stunUrl(10)], username: `${secret}s` }))).toBe(false)
    expect(parses(iceServers(1, { urls: [stunUrl(10)], credential: `${secret}s` }))).toBe(false)
  })

  it('fits a message when everything in it is as large as it may be', () => {
    const secret = 's'.repeat(MAX_ICE_SECRET_LENGTH)
    const urls = Array<string>(MAX_ICE_URLS).fill('turn:'.padEnd(MAX_ICE_URL_LENGTH, 'a'))
    const largest = {
      joinIndex: 0xffff_ffff,
      swarmSize: 0xffff_ffff,
      peers: peers(MAX_INTRODUCTIONS),
      facts: { ...FACTS, validator: '"'.repeat(MAX_VALIDATOR_LENGTH), root: 'f'.repeat(64) },
      ...iceServers(MAX_ICE_SERVERS, { urls, username: secret, credential: secret }),
    }
    expect(parses(largest)).toBe(true)
  })

  it('takes no sentence longer than its limit for an error', () => {
    expect(parseServerMessage(errorOf(MAX_SENTENCE_LENGTH))).not.toBeNull()
    expect(parseServerMessage(errorOf(MAX_SENTENCE_LENGTH + 1))).toBeNull()
  })
})

/** The message with the value at the `at`-th place, in the order of a walk, replaced. */
function replaceValue(message: unknown, at: number, value: unknown): unknown {
  let place = 0
  const walk = (current: unknown): unknown => {
    if (place++ === at) return value
    if (Array.isArray(current)) return current.map(walk)
    if (typeof current !== 'object' || current === null) return current
    return Object.fromEntries(Object.entries(current).map(([key, inner]) => [key, walk(inner)]))
  }
  return walk(message)
}
