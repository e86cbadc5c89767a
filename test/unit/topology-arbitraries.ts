/** Arbitrary good messages of the topology protocol, for property tests. */

import * as fc from 'fast-check'

import type { FileFacts, Locator, PeerId } from '../../src/core/types.ts'
import {
  MAX_CHUNKS,
  MAX_CHUNK_BYTES,
  MAX_FILE_BYTES,
  MAX_INTRODUCTIONS,
  MAX_SEATS,
  MAX_VALIDATOR_LENGTH,
  MIN_CHUNK_BYTES,
} from '../../src/core/wire/limits.ts'
import { MAX_SIGNAL_DEPTH } from '../../src/core/wire/json-values.ts'
import { MAX_SENTENCE_LENGTH, MAX_TOKEN_LENGTH, MAX_WINDOW } from '../../src/core/wire/topology-codec.ts'
import type { ClientMessage, Join, ServerMessage } from '../../src/core/wire/topology-messages.ts'

/** Records as JSON makes them. */
function record<T>(model: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true })
}

function hex(length: number): fc.Arbitrary<string> {
  return fc.string({
    unit: fc.nat(15).map((digit) => digit.toString(16)),
    minLength: length,
    maxLength: length,
  })
}

function peerIds(): fc.Arbitrary<PeerId> {
  return hex(16) as fc.Arbitrary<PeerId>
}

function fileFacts(): fc.Arbitrary<FileFacts> {
  return record({
    chunkBytes: fc.integer({ min: MIN_CHUNK_BYTES, max: MAX_CHUNK_BYTES }),
    size: fc.double({ min: 0, max: 1, noNaN: true }),
    validator: fc.option(text(MAX_VALIDATOR_LENGTH)),
    root: fc.option(hex(64)),
  }).map(({ size, chunkBytes, validator, root }) => ({
    sizeBytes: Math.floor(size * Math.min(MAX_FILE_BYTES, MAX_CHUNKS * chunkBytes)),
    chunkBytes,
    validator,
    root,
  }))
}

/** What survives JSON as it is: not -0, which comes back as 0. */
function signalData(): fc.Arbitrary<unknown> {
  return fc
    .jsonValue({ maxDepth: MAX_SIGNAL_DEPTH - 2 })
    .map((value) => JSON.parse(JSON.stringify(value)) as unknown)
}

function text(maxLength: number): fc.Arbitrary<string> {
  return fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength })
}

/** `resume` and `seats` are there, null, or absent. */
function joins(): fc.Arbitrary<Join> {
  const resume = record({
    id: peerIds(),
    token: text(MAX_TOKEN_LENGTH),
    swarmSize: fc.option(fc.integer({ min: 1, max: 0xffff_ffff })),
  })
  return fc.record(
    {
      type: fc.constant('join' as const),
      version: fc.constant(1),
      locator: hex(64) as fc.Arbitrary<Locator>,
      facts: fc.option(fileFacts()),
      resume: fc.option(resume),
      seats: fc.option(seats()),
    },
    { noNullPrototype: true, requiredKeys: ['type', 'version', 'locator', 'facts'] },
  )
}

function seats(): fc.Arbitrary<number> {
  return fc.integer({ min: 1, max: MAX_SEATS })
}

export function clientMessages(): fc.Arbitrary<ClientMessage> {
  return fc.oneof(
    joins(),
    record({ type: fc.constant('facts' as const), facts: fileFacts() }),
    record({ type: fc.constant('signal' as const), to: peerIds(), data: signalData() }),
    fc.constant({ type: 'leave' as const }),
    fc.constant({ type: 'detach' as const }),
    fc.constant({ type: 'ping' as const }),
  )
}

export function serverMessages(): fc.Arbitrary<ServerMessage> {
  return fc.oneof(
    record({
      type: fc.constant('welcome' as const),
      version: fc.constant(1),
      id: fc.constant(peerId(0)),
      token: fc.oneof(fc.constant(''), text(MAX_TOKEN_LENGTH)),
      joinIndex: fc.nat(),
      swarmSize: fc.integer({ min: 1 }),
      window: fc.nat(MAX_WINDOW),
      seats: fc.option(seats()),
      peers: fc.uniqueArray(fc.integer({ min: 1 }).map(peerId), { maxLength: MAX_INTRODUCTIONS }),
      facts: fc.option(fileFacts()),
      iceServers: fc.constantFrom(
        [],
        [{ urls: ['stun:a'] }],
        [{ urls: ['turn:b'], username: 'u', credential: 'c' }],
      ),
      heartbeatMs: fc.integer({ min: 100, max: 3_600_000 }),
    }),
    record({ type: fc.constant('facts' as const), facts: fileFacts() }),
    record({ type: fc.constant('signal' as const), from: peerIds(), data: signalData() }),
    record({ type: fc.constant('gone' as const), peer: peerIds() }),
    record({ type: fc.constant('released' as const), swarmSize: fc.integer({ min: 1, max: 2 ** 32 - 1 }) }),
    record({
      type: fc.constant('pong' as const),
      swarmSize: fc.option(fc.integer({ min: 1, max: 2 ** 32 - 1 })),
    }),
    record({
      type: fc.constant('error' as const),
      code: fc.constantFrom('version', 'malformed', 'rate', 'forbidden', 'full'),
      sentence: text(MAX_SENTENCE_LENGTH),
    }),
  )
}

function peerId(index: number): PeerId {
  return index.toString(16).padStart(16, '0') as PeerId
}
