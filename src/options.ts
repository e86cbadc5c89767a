/**
 * The caller's options: their types, defaults and checks. Everything is parsed once, here.
 */

import { SwarmError } from './errors.ts'
import { type ChunkHashes, type Manifest, readManifest } from './integrity/manifest.ts'
import { parseSri, type WholeFileHash } from './integrity/sri.ts'

/** Options of `swarm.download()`; any of them may also be given to `swarm.configure()` as the page's default. */
export interface DownloadOptions {
  /** Address of the topology server (ws: or wss:), or several to try in turn. Absent: plain ranges, no peers. */
  topology?: string | readonly string[]
  /**
   * What the file must be: Subresource Integrity of the whole (`sha256-…`), or a manifest made by `swarmfetch
   * manifest`. Without it, peers are off, unless `unverifiedPeers`.
   */
  integrity?: string | Manifest
  /**
   * Other addresses of the very same file, at most 8: it is fetched from all of them at once, from each as fast as it
   * gives. One that fails, or whose file has another length or hash, is left out. Without `integrity` nothing but the length
   * shows that a mirror has the same file: then name only such as you vouch for. Own `headers` and credentials go to mirrors
   * of the URL's own web origin only.
   */
  mirrors?: readonly (string | URL)[]
  upload?: UploadOptions
  /** ICE servers for WebRTC. Default: what the topology server hands out; never a third party's. */
  iceServers?: readonly {
    readonly urls: string | readonly string[]
    username?: string
    credential?: string
  }[]
  /** Connect through relays only, so that peers do not see this visitor's address. Default false. */
  relayOnly?: boolean
  /** As in fetch(). Anything but 'omit' and 'same-origin' turns peers off. Default: fetch's, 'same-origin'. */
  credentials?: 'omit' | 'same-origin' | 'include'
  /** Request headers, as in fetch(). Any turns peers off. */
  headers?: Readonly<Record<string, string>>
  /**
   * How many of a swarm's visitors go to the origin at a time. Default 'adaptive': as many as it takes to use all that the
   * origin gives, found out by the swarm itself, and everybody where peers give too little. 'full': everybody, always, as
   * without a swarm, though not for what peers have brought. A number above 0 is the constant k of Slurpie's k/n, to the
   * letter: in a swarm of n, a visitor that lacks a chunk which nobody near it has tosses a coin once a slot, and with
   * probability min(1, k/n) goes for that one chunk. Never faster than that, so that the origin's load is bounded in any
   * swarm; slower than 'adaptive' where the origin has more to give. Who has been deceived by peers and takes nothing
   * from them any more does not toss. Slurpie used 3.
   */
  originLoad?: 'adaptive' | 'full' | number
  /** Where chunks are kept. Default 'indexeddb', which falls back to 'memory' where it cannot be used. */
  storage?: 'indexeddb' | 'memory'
  /** Names a store of its own: several visitors in one browser (demos, tests). Up to 64 of A–Z a–z 0–9 _ -. */
  visitor?: string
  /** Swarm files of hosts that are not public, too. Default false (but a page on such a host may). */
  allowPrivateHosts?: boolean
  /** Take chunks from peers though nothing verifies them. The result says `verified: false`. Default false. */
  unverifiedPeers?: boolean
  /** MIME type of the Blob. Default 'application/octet-stream'. */
  contentType?: string
  /** Cancels the download when aborted. */
  signal?: AbortSignal
}

export interface UploadOptions {
  /** How long to go on serving after the download is complete, in ms, while the page lives. Default 120,000. */
  seedForMs?: number
  /** Most to upload, in bytes a second, all neighbours together. Default: as much as does not slow down other traffic. */
  maxBytesPerSec?: number
  /**
   * Most to upload, as a multiple of the file's length. Whoever has given so much serves no more, and leaves once the
   * download is complete. 0 gives nothing. Default: no limit; 1 for all made a swarm take twice as long.
   */
  maxRatio?: number
}

/** Options as the library uses them. */
export interface ParsedOptions {
  readonly topologyUrls: readonly string[]
  readonly chunkHashes: ChunkHashes | null
  readonly fileHash: WholeFileHash | null
  /** Absolute, without fragments, no two the same. */
  readonly mirrors: readonly URL[]
  readonly seedForMs: number
  /** Both null: no limit. */
  readonly maxUploadBytesPerSec: number | null
  readonly maxUploadRatio: number | null
  readonly iceServers:
    readonly { readonly urls: readonly string[]; username?: string; credential?: string }[] | null
  readonly relayOnly: boolean
  readonly credentials: RequestCredentials
  readonly headers: Readonly<Record<string, string>>
  readonly originLoad: 'adaptive' | 'full' | number
  readonly storage: 'indexeddb' | 'memory'
  readonly visitor: string
  readonly allowPrivateHosts: boolean
  readonly unverifiedPeers: boolean
  readonly contentType: string
  readonly signal: AbortSignal | null
}

const KNOWN: ReadonlySet<string> = new Set([
  'topology',
  'integrity',
  'mirrors',
  'upload',
  'iceServers',
  'relayOnly',
  'credentials',
  'headers',
  'originLoad',
  'storage',
  'visitor',
  'allowPrivateHosts',
  'unverifiedPeers',
  'contentType',
  'signal',
] satisfies (keyof DownloadOptions)[])

const DEFAULT_SEED_FOR_MS = 120_000
/** Below this, in bytes a second, a neighbour would take what it gets for a stall (guess). To give nothing: `maxRatio: 0`. */
const LEAST_UPLOAD_BYTES_PER_SEC = 4096
const MAX_TOPOLOGY_URLS = 8
const MAX_ICE_SERVERS = 8
const MAX_MIRRORS = 8

/** Checks names and types. Throws `SwarmError` 'invalid-option' or 'integrity-unsupported'. */
export function parseOptions(options: DownloadOptions): ParsedOptions {
  if (typeof options !== 'object' || options === null) throw invalid('options', 'an object')
  for (const name of Object.keys(options)) if (!KNOWN.has(name)) throw unknownOption(name)
  const { chunkHashes, fileHash } = parseIntegrity(options.integrity)
  return {
    topologyUrls: parseTopology(options.topology),
    chunkHashes,
    fileHash,
    ...parseUpload(options.upload),
    mirrors: parseMirrors(options.mirrors),
    iceServers: parseIceServers(options.iceServers),
    relayOnly: parseBoolean('relayOnly', options.relayOnly),
    credentials: parseOneOf('credentials', options.credentials, ['same-origin', 'omit', 'include']),
    headers: parseHeaders(options.headers),
    originLoad: parseOriginLoad(options.originLoad),
    storage: parseOneOf('storage', options.storage, ['indexeddb', 'memory']),
    visitor: parseVisitor(options.visitor),
    allowPrivateHosts: parseBoolean('allowPrivateHosts', options.allowPrivateHosts),
    unverifiedPeers: parseBoolean('unverifiedPeers', options.unverifiedPeers),
    contentType: parseString('contentType', options.contentType, 'application/octet-stream'),
    signal: parseSignal(options.signal),
  }
}

/** The URL, absolute. Throws `SwarmError` 'invalid-url'. */
export function parseUrl(url: string | URL): URL {
  let parsed: URL
  try {
    parsed = new URL(url, globalThis.location?.href)
  } catch (cause) {
    throw new SwarmError('invalid-url', `“${String(url)}” is not a URL.`, { cause })
  }
  if (parsed.protocol === 'http:' || parsed.protocol === 'https:') return parsed
  throw new SwarmError('invalid-url', `Only http: and https: URLs can be downloaded, not ${parsed.protocol}`)
}

function parseTopology(topology: unknown): string[] {
  if (topology === undefined) return []
  const urls: unknown[] = Array.isArray(topology) ? topology : [topology]
  if (urls.length > MAX_TOPOLOGY_URLS)
    throw invalid('topology', `no more than ${MAX_TOPOLOGY_URLS} addresses`)
  return urls.map((url) => {
    if (typeof url === 'string' && /^wss?:\/\//i.test(url) && URL.canParse(url)) return new URL(url).href
    throw invalid('topology', 'a ws: or wss: address')
  })
}

/** Throws `SwarmError` 'invalid-url' for one that could not be downloaded itself. */
function parseMirrors(mirrors: unknown): URL[] {
  if (mirrors === undefined) return []
  if (!Array.isArray(mirrors) || mirrors.length > MAX_MIRRORS || !mirrors.every(isAddress))
    throw invalid('mirrors', `an array of at most ${MAX_MIRRORS} addresses`)
  const hrefs = new Set(mirrors.map((mirror) => withoutFragment(parseUrl(mirror)).href))
  return [...hrefs].map((href) => new URL(href))
}

function isAddress(value: unknown): value is string | URL {
  return typeof value === 'string' || value instanceof URL
}

/** As a server sees it. */
function withoutFragment(url: URL): URL {
  const canonical = new URL(url)
  canonical.hash = ''
  return canonical
}

function parseIntegrity(integrity: unknown): Pick<ParsedOptions, 'chunkHashes' | 'fileHash'> {
  if (integrity === undefined) return { chunkHashes: null, fileHash: null }
  if (typeof integrity === 'string') {
    const fileHash = parseSri(integrity)
    if (fileHash !== null) return { chunkHashes: null, fileHash }
    throw new SwarmError(
      'integrity-unsupported',
      'This integrity cannot be checked. Give “sha256-”, “sha384-” or “sha512-” and base64, or a manifest.',
    )
  }
  const manifest = readManifest(integrity)
  if (typeof manifest === 'string') throw new SwarmError('integrity-unsupported', manifest)
  return { chunkHashes: manifest, fileHash: null }
}

type ParsedUpload = Pick<ParsedOptions, 'seedForMs' | 'maxUploadBytesPerSec' | 'maxUploadRatio'>

const UPLOAD_OPTIONS: ReadonlySet<string> = new Set([
  'seedForMs',
  'maxBytesPerSec',
  'maxRatio',
] satisfies (keyof UploadOptions)[])

function parseUpload(upload: unknown): ParsedUpload {
  if (typeof upload !== 'object' && upload !== undefined) throw invalid('upload', 'an object')
  if (upload === null) throw invalid('upload', 'an object')
  for (const name of Object.keys(upload ?? {}))
    if (!UPLOAD_OPTIONS.has(name)) throw unknownOption(`upload.${name}`)
  const { seedForMs = DEFAULT_SEED_FOR_MS, maxBytesPerSec, maxRatio } = (upload ?? {}) as UploadOptions
  if (!isAmount(seedForMs)) throw invalid('upload.seedForMs', 'a number of milliseconds')
  return {
    seedForMs,
    maxUploadBytesPerSec: parseMost('upload.maxBytesPerSec', maxBytesPerSec, LEAST_UPLOAD_BYTES_PER_SEC),
    maxUploadRatio: parseMost('upload.maxRatio', maxRatio, 0),
  }
}

/** Infinity is no limit, either. */
function parseMost(name: string, value: unknown, least: number): number | null {
  if (value === undefined || value === Infinity) return null
  if (isAmount(value) && value >= least) return value
  throw invalid(name, `a number, ${least} or more`)
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0
}

function parseIceServers(servers: DownloadOptions['iceServers']): ParsedOptions['iceServers'] {
  if (servers === undefined) return null
  if (!Array.isArray(servers) || servers.length > MAX_ICE_SERVERS)
    throw invalid('iceServers', `an array of at most ${MAX_ICE_SERVERS}`)
  return servers.map((server: NonNullable<DownloadOptions['iceServers']>[number]) => {
    const urls: unknown[] = Array.isArray(server?.urls) ? server.urls : [server?.urls]
    const areUrls = urls.every(
      (url): url is string => typeof url === 'string' && /^(?:stun|turn)s?:/.test(url),
    )
    if (!areUrls || urls.length === 0)
      throw invalid('iceServers', 'servers whose urls begin with stun: or turn:')
    const { username, credential } = server
    for (const text of [username, credential])
      if (text !== undefined && typeof text !== 'string')
        throw invalid('iceServers', 'servers whose username and credential are strings')
    return {
      urls,
      ...(username === undefined ? {} : { username }),
      ...(credential === undefined ? {} : { credential }),
    }
  })
}

function parseHeaders(headers: unknown): Readonly<Record<string, string>> {
  if (headers === undefined) return {}
  try {
    return Object.fromEntries(new Headers(headers as HeadersInit))
  } catch {
    throw invalid('headers', 'request headers, as in fetch()')
  }
}

function parseOriginLoad(load: unknown): ParsedOptions['originLoad'] {
  if (load === undefined) return 'adaptive'
  if (load === 'adaptive' || load === 'full') return load
  if (typeof load === 'number' && load > 0 && Number.isFinite(load)) return load
  throw invalid('originLoad', '“adaptive”, “full” or a number above 0')
}

function parseVisitor(visitor: unknown): string {
  if (visitor === undefined) return ''
  if (typeof visitor === 'string' && /^[\w-]{1,64}$/.test(visitor)) return visitor
  throw invalid('visitor', 'up to 64 letters, digits, “_” and “-”')
}

function parseSignal(signal: unknown): AbortSignal | null {
  if (signal === undefined) return null
  if (signal instanceof AbortSignal) return signal
  throw invalid('signal', 'an AbortSignal')
}

function parseBoolean(name: string, value: unknown): boolean {
  if (value === undefined) return false
  if (typeof value === 'boolean') return value
  throw invalid(name, 'true or false')
}

function parseString(name: string, value: unknown, otherwise: string): string {
  if (value === undefined) return otherwise
  if (typeof value === 'string') return value
  throw invalid(name, 'a string')
}

/** The first of `choices` is the default. */
function parseOneOf<T extends string>(name: string, value: unknown, choices: readonly [T, ...T[]]): T {
  if (value === undefined) return choices[0]
  const choice = choices.find((each) => each === value)
  if (choice !== undefined) return choice
  throw invalid(name, choices.map((each) => `“${each}”`).join(' or '))
}

function invalid(name: string, expected: string): SwarmError {
  return new SwarmError('invalid-option', `The option “${name}” must be ${expected}.`)
}

function unknownOption(name: string): SwarmError {
  return new SwarmError('invalid-option', `There is no option “${name}”.`)
}
