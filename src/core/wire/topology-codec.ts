/**
 * Topology messages to JSON text and back. Text from outside is parsed here once: every string, list and number is
 * held against its limit, and only the fields that a message has are copied out of it, into a new object. A field
 * that this version does not know is ignored; so is a whole message whose `type` it does not know.
 * docs/PROTOCOL.md repeats the rules for implementers; test/vectors/topology.json holds examples.
 */

import { parseLocator, parsePeerId, type FileFacts, type PeerId } from '../types.ts'
import {
  isFields,
  isSignalData,
  isText,
  isWithin,
  parseNullable,
  parseObject,
  type Fields,
} from './json-values.ts'
import {
  MAX_CHUNKS,
  MAX_CHUNK_BYTES,
  MAX_FILE_BYTES,
  MAX_ICE_SERVERS,
  MAX_INTRODUCTIONS,
  MAX_SEATS,
  MAX_VALIDATOR_LENGTH,
  MIN_CHUNK_BYTES,
  PROTOCOL_VERSION,
} from './limits.ts'
import type {
  ClientMessage,
  IceServer,
  Join,
  Resume,
  ServerMessage,
  TopologyError,
  Welcome,
} from './topology-messages.ts'

/** Most URLs of one ICE server. With the next two numbers a full `welcome` still fits a message. */
export const MAX_ICE_URLS = 4

/** Longest URL of an ICE server, in characters (guess: a host name has at most 253). */
export const MAX_ICE_URL_LENGTH = 300

/** Longest user name or credential of an ICE server, in characters (guess; TURN REST credentials take 28). */
export const MAX_ICE_SECRET_LENGTH = 256

/** Shortest and longest `heartbeatMs`: 100 ms, below which a visitor would do nothing but ping, and an hour. */
export const HEARTBEAT_MS_RANGE: { readonly least: number; readonly most: number } = {
  least: 100,
  most: 3_600_000,
}

/** Longest sentence of an error, in characters. */
export const MAX_SENTENCE_LENGTH = 300

/** Longest token, in characters (guess: 128 bits take 22 in base64). */
export const MAX_TOKEN_LENGTH = 64

/** Highest window: what 16 bits hold. */
export const MAX_WINDOW = 0xffff

/** Highest version, join index and swarm size: what 16 and 32 bits hold. */
const MAX_VERSION = 0xffff
const MAX_COUNT = 0xffff_ffff

/** A message whose `type` (or error whose `code`) this version does not know: to be ignored. */
export interface UnknownMessage {
  readonly type: 'unknown'
}

const UNKNOWN: UnknownMessage = { type: 'unknown' }

/** The text of a message. It is the caller's business to keep the limits; the parsers below tell. */
export function encodeTopologyMessage(message: ClientMessage | ServerMessage): string {
  return JSON.stringify(message)
}

/**
 * What a visitor said; null where it is malformed. Never throws. Of a join of another version only the locator is
 * read (`facts` comes out null): enough to refuse it with a reason.
 */
export function parseClientMessage(text: string): ClientMessage | UnknownMessage | null {
  const fields = parseObject(text)
  if (fields === null || typeof fields['type'] !== 'string') return null
  switch (fields['type'] as ClientMessage['type']) {
    case 'join':
      return parseJoin(fields)
    case 'facts': {
      const facts = parseFileFacts(fields['facts'])
      return facts === null ? null : { type: 'facts', facts }
    }
    case 'signal': {
      const to = parsePeerId(fields['to'])
      return to === null || !isSignalData(fields['data'])
        ? null
        : { type: 'signal', to, data: fields['data'] }
    }
    case 'leave':
      return { type: 'leave' }
    case 'detach':
      return { type: 'detach' }
    case 'ping':
      return { type: 'ping' }
    default:
      return UNKNOWN
  }
}

/** What a topology server said; null where it is malformed. Never throws. */
export function parseServerMessage(text: string): ServerMessage | UnknownMessage | null {
  const fields = parseObject(text)
  if (fields === null || typeof fields['type'] !== 'string') return null
  switch (fields['type'] as ServerMessage['type']) {
    case 'welcome':
      return parseWelcome(fields)
    case 'facts': {
      const facts = parseFileFacts(fields['facts'])
      return facts === null ? null : { type: 'facts', facts }
    }
    case 'signal': {
      const from = parsePeerId(fields['from'])
      return from === null || !isSignalData(fields['data'])
        ? null
        : { type: 'signal', from, data: fields['data'] }
    }
    case 'gone': {
      const peer = parsePeerId(fields['peer'])
      return peer === null ? null : { type: 'gone', peer }
    }
    case 'released': {
      const { swarmSize } = fields
      return isWithin(swarmSize, 1, MAX_COUNT) ? { type: 'released', swarmSize } : null
    }
    case 'pong': {
      const { swarmSize = null } = fields
      return swarmSize === null || isWithin(swarmSize, 1, MAX_COUNT) ? { type: 'pong', swarmSize } : null
    }
    case 'error':
      return parseError(fields)
    default:
      return UNKNOWN
  }
}

/** The facts, if they are possible ones; null where a field is missing, of the wrong kind or out of bounds. */
export function parseFileFacts(value: unknown): FileFacts | null {
  if (!isFields(value)) return null
  const { sizeBytes, chunkBytes, validator, root } = value
  if (!isWithin(sizeBytes, 0, MAX_FILE_BYTES) || !isWithin(chunkBytes, MIN_CHUNK_BYTES, MAX_CHUNK_BYTES))
    return null
  if (Math.ceil(sizeBytes / chunkBytes) > MAX_CHUNKS) return null
  if (validator !== null && !isText(validator, MAX_VALIDATOR_LENGTH)) return null
  if (root !== null && !(typeof root === 'string' && ROOT_PATTERN.test(root))) return null
  return { sizeBytes, chunkBytes, validator, root }
}

// --------------------------------------------------------------------------------------------------- messages

const ROOT_PATTERN = /^[0-9a-f]{64}$/
const ICE_URL_PATTERN = /^(?:stuns?|turns?):[^\s"\\]+$/

function parseJoin(fields: Fields): Join | null {
  const { version } = fields
  const locator = parseLocator(fields['locator'])
  if (!isWithin(version, 0, MAX_VERSION) || locator === null) return null
  if (version !== PROTOCOL_VERSION) return { type: 'join', version, locator, facts: null }
  const facts = parseNullable(fields['facts'], parseFileFacts)
  const resume = parseNullable(fields['resume'] ?? null, parseResume)
  const seats = parseNullable(fields['seats'] ?? null, parseSeats)
  if (facts === undefined || resume === undefined || seats === undefined) return null
  return {
    type: 'join',
    version,
    locator,
    facts,
    ...(fields['resume'] === undefined ? {} : { resume }),
    ...(fields['seats'] === undefined ? {} : { seats }),
  }
}

function parseResume(value: unknown): Resume | null {
  if (!isFields(value)) return null
  const { token, swarmSize } = value
  const id = parsePeerId(value['id'])
  if (id === null || !isText(token, MAX_TOKEN_LENGTH)) return null
  return swarmSize === null || isWithin(swarmSize, 1, MAX_COUNT) ? { id, token, swarmSize } : null
}

function parseSeats(value: unknown): number | null {
  return isWithin(value, 1, MAX_SEATS) ? value : null
}

/** Servers from before the window leave out `token`, `window` and `seats`. */
function parseWelcome(fields: Fields): Welcome | null {
  const { version, token = '', joinIndex, swarmSize, window = 0, heartbeatMs } = fields
  const id = parsePeerId(fields['id'])
  const seats = parseNullable(fields['seats'] ?? null, parseSeats)
  const peers = parsePeers(fields['peers'], id)
  const facts = parseNullable(fields['facts'], parseFileFacts)
  const iceServers = parseIceServers(fields['iceServers'])
  if (id === null || seats === undefined || peers === null || facts === undefined || iceServers === null)
    return null
  if (token !== '' && !isText(token, MAX_TOKEN_LENGTH)) return null
  if (!isWithin(version, 0, MAX_VERSION) || !isWithin(joinIndex, 0, MAX_COUNT)) return null
  if (!isWithin(swarmSize, 1, MAX_COUNT) || !isWithin(window, 0, MAX_WINDOW)) return null
  if (!isWithin(heartbeatMs, HEARTBEAT_MS_RANGE.least, HEARTBEAT_MS_RANGE.most)) return null
  return {
    type: 'welcome',
    version,
    id,
    token,
    joinIndex,
    swarmSize,
    window,
    seats,
    peers,
    facts,
    iceServers,
    heartbeatMs,
  }
}

/** Ids without repetition, and without the one they are introduced to. */
function parsePeers(value: unknown, ownId: PeerId | null): readonly PeerId[] | null {
  if (!Array.isArray(value) || value.length > MAX_INTRODUCTIONS) return null
  const peers = new Set<PeerId>()
  for (const entry of value as readonly unknown[]) {
    const peer = parsePeerId(entry)
    if (peer === null || peer === ownId || peers.has(peer)) return null
    peers.add(peer)
  }
  return [...peers]
}

function parseIceServers(value: unknown): readonly IceServer[] | null {
  if (!Array.isArray(value) || value.length > MAX_ICE_SERVERS) return null
  const servers: IceServer[] = []
  for (const entry of value as readonly unknown[]) {
    const server = parseIceServer(entry)
    if (server === null) return null
    servers.push(server)
  }
  return servers
}

function parseIceServer(value: unknown): IceServer | null {
  if (!isFields(value)) return null
  const { urls, username, credential } = value
  if (!Array.isArray(urls) || urls.length === 0 || urls.length > MAX_ICE_URLS) return null
  if (!(urls as readonly unknown[]).every(isIceUrl)) return null
  if (username !== undefined && !isText(username, MAX_ICE_SECRET_LENGTH)) return null
  if (credential !== undefined && !isText(credential, MAX_ICE_SECRET_LENGTH)) return null
  return {
    urls: [...(urls as readonly string[])],
    ...(username === undefined ? {} : { username }),
    ...(credential === undefined ? {} : { credential }),
  }
}

function isIceUrl(value: unknown): value is string {
  return isText(value, MAX_ICE_URL_LENGTH) && ICE_URL_PATTERN.test(value)
}

const ERROR_CODES: ReadonlySet<unknown> = new Set<TopologyError['code']>([
  'version',
  'malformed',
  'rate',
  'forbidden',
  'full',
])

function parseError(fields: Fields): TopologyError | UnknownMessage | null {
  const { code, sentence } = fields
  if (typeof code !== 'string' || !isText(sentence, MAX_SENTENCE_LENGTH)) return null
  return ERROR_CODES.has(code) ? { type: 'error', code: code as TopologyError['code'], sentence } : UNKNOWN
}
