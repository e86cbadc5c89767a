/**
 * Topology messages to JSON text and back. Text from outside is parsed here once: every string, list and number is
 * held against its limit, and only the fields that a message has are copied out of it, into a new object. A field
 * that this version does not know is ignored; so is a whole message whose `type` it does not know.
 * docs/PROTOCOL.md repeats the rules for implementers; test/vectors/topology.json holds examples.
 */

import { parseLocator, parsePeerId, type FileFacts, type PeerId } from '../types.ts'
import { isPrintableAscii } from './bytes.ts'
import {
  MAX_CHUNK_BYTES,
  MAX_CHUNKS,
  MAX_FILE_BYTES,
  MAX_ICE_SERVERS,
  MAX_INTRODUCTIONS,
  MAX_TOPOLOGY_MESSAGE_BYTES,
  MAX_VALIDATOR_LENGTH,
  MIN_CHUNK_BYTES,
  PROTOCOL_VERSION,
} from './limits.ts'
import type {
  ClientMessage,
  IceServer,
  Join,
  ServerMessage,
  TopologyError,
  Welcome,
} from './topology-messages.ts'

/**
 * Most bytes of a signal's `data`, encoded. The rest of the largest message is for the envelope, so that whatever
 * the server accepts from one visitor it can hand to another.
 */
export const MAX_SIGNAL_DATA_BYTES: number = MAX_TOPOLOGY_MESSAGE_BYTES - 128

/** Most arrays and objects of a signal's `data` inside each other. WebRTC descriptions and candidates need 2. */
export const MAX_SIGNAL_DEPTH = 8

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
    case 'pong':
      return { type: 'pong' }
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
  if (version !== PROTOCOL_VERSION || fields['facts'] === null)
    return { type: 'join', version, locator, facts: null }
  const facts = parseFileFacts(fields['facts'])
  return facts === null ? null : { type: 'join', version, locator, facts }
}

function parseWelcome(fields: Fields): Welcome | null {
  const { version, joinIndex, swarmSize, heartbeatMs } = fields
  const id = parsePeerId(fields['id'])
  const peers = parsePeers(fields['peers'], id)
  const facts = fields['facts'] === null ? null : parseFileFacts(fields['facts'])
  const iceServers = parseIceServers(fields['iceServers'])
  if (id === null || peers === null || iceServers === null) return null
  if (facts === null && fields['facts'] !== null) return null
  if (!isWithin(version, 0, MAX_VERSION) || !isWithin(joinIndex, 0, MAX_COUNT)) return null
  if (!isWithin(swarmSize, 1, MAX_COUNT)) return null
  if (!isWithin(heartbeatMs, HEARTBEAT_MS_RANGE.least, HEARTBEAT_MS_RANGE.most)) return null
  return { type: 'welcome', version, id, joinIndex, swarmSize, peers, facts, iceServers, heartbeatMs }
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

// ----------------------------------------------------------------------------------------------------- values

type Fields = Readonly<Record<string, unknown>>

function parseObject(text: string): Fields | null {
  if (utf8Length(text) > MAX_TOPOLOGY_MESSAGE_BYTES) return null
  try {
    const value: unknown = JSON.parse(text)
    return isFields(value) ? value : null
  } catch {
    return null
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isWithin(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
}

/** Printable ASCII, at least one character of it. */
function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= maxLength && isPrintableAscii(value)
}

/**
 * Whether the data may be relayed. It is measured as it will be sent, since re-encoding can lengthen it:
 * `1e20` leaves as twenty-one digits.
 */
function isSignalData(value: unknown): boolean {
  if (value === undefined || !isShallow(value, MAX_SIGNAL_DEPTH)) return false
  return utf8Length(JSON.stringify(value)) <= MAX_SIGNAL_DATA_BYTES
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((inner) => isShallow(inner, levels - 1))
}

/** Bytes of the text in UTF-8. A lone surrogate counts as the three bytes of the replacement character. */
function utf8Length(text: string): number {
  if (text.length > MAX_TOPOLOGY_MESSAGE_BYTES) return text.length
  let bytes = text.length
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit < 0x80) continue
    const isPair = unit >= 0xd800 && unit < 0xdc00 && isLowSurrogate(text.charCodeAt(at + 1))
    bytes += unit < 0x800 ? 1 : 2
    if (isPair) at++
  }
  return bytes
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000
}
