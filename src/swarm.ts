/**
 * `swarm.download()`: checks what the caller asks for and wires the adapters of a page to the core.
 */

import type { DriverPorts } from './browser/driver.ts'
import { FetchOrigin } from './browser/fetch-origin.ts'
import { createHasher } from './browser/hasher.ts'
import { IndexedDbStore } from './browser/indexeddb-store.ts'
import { MemoryStore } from './browser/memory-store.ts'
import type { NewThread } from './browser/thread.ts'
import { PageClock } from './browser/page-clock.ts'
import { lockStore } from './browser/store-lock.ts'
import { topologySocket } from './browser/topology-socket.ts'
import { webrtcLinks } from './browser/webrtc-links.ts'
import { Download } from './download.ts'
import type { DownloadSetting } from './download-setting.ts'
import { type DownloadOptions, type ParsedOptions, parseOptions, parseUrl } from './options.ts'
import type { Locator, OriginTag } from './core/types.ts'
import type { Hasher } from './ports.ts'
import { storePatienceMs } from './patience.ts'
import { locatorOf, originTagOf, privateReason } from './privacy.ts'

export interface Swarm {
  /** Sets defaults for every later `download()` of this page; a second call adds to the first. */
  configure(options: DownloadOptions): void
  /**
   * Starts a download and returns its handle at once. Wrong input shows as a `SwarmError` where the handle is awaited,
   * and in its `error` event.
   */
  download(url: string | URL, options?: DownloadOptions): Download
}

/** A swarm with defaults of its own. `newThread`: how this build starts threads, which work on long files; null: it has none. */
export function newSwarm(newThread: NewThread | null, initial: DownloadOptions): Swarm {
  let defaults = initial
  // One for all downloads: where the page's policy forbids threads, that is found out once.
  const hasher = createHasher({ newThread })
  return {
    configure(options) {
      parseOptions(options)
      defaults = { ...defaults, ...options }
    },
    download(url, options = {}) {
      return new Download(() => prepare(url, { ...defaults, ...options }, { hasher, newThread }))
    },
  }
}

/** What all downloads of a swarm have in common. */
interface SharedParts {
  readonly hasher: Hasher
  readonly newThread: NewThread | null
}

async function prepare(
  url: string | URL,
  wanted: DownloadOptions,
  shared: SharedParts,
): Promise<DownloadSetting> {
  const { hasher } = shared
  const begunMs = performance.now()
  const parsedUrl = parseUrl(url)
  const options = parseOptions(wanted)
  const locator = await locatorOf(parsedUrl, hasher)
  const urls = await originsOf(parsedUrl, options, locator, hasher)
  const release = options.storage === 'memory' ? null : await lockStore(`${options.visitor} ${locator}`)
  const preparedInMs = performance.now() - begunMs
  return {
    url: parsedUrl,
    options,
    // Whoever finds the store taken keeps its chunks in memory.
    ports: portsFor([...urls.values()], options, {
      ...shared,
      mayStore: release !== null,
      openTimeoutMs: storePatienceMs(preparedInMs),
    }),
    origins: [...urls.keys()],
    // What must not be swarmed may come from a mirror, too.
    locator: [...urls.values()].every((origin) => maySwarm(origin, options)) ? locator : null,
    storeKey: locator,
    seed: crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
    preparedInMs,
    release: release ?? (() => {}),
  }
}

/** The URL and its mirrors, each once, by their tags. */
async function originsOf(
  url: URL,
  { mirrors }: ParsedOptions,
  locator: Locator,
  hasher: Hasher,
): Promise<ReadonlyMap<OriginTag, URL>> {
  const origins = new Map<OriginTag, URL>()
  for (const origin of [url, ...mirrors]) {
    const tag = await originTagOf(origin, locator, hasher)
    if (!origins.has(tag)) origins.set(tag, origin)
  }
  return origins
}

/** Peers need an address to be found at, something to hold their chunks against, and a file that is public. */
function maySwarm(url: URL, options: ParsedOptions): boolean {
  const isVerifiable = options.chunkHashes !== null || options.fileHash !== null || options.unverifiedPeers
  if (options.topologyUrls.length === 0 || !isVerifiable || typeof RTCPeerConnection === 'undefined')
    return false
  const reason = privateReason(url, {
    hasCredentials: options.credentials === 'include',
    hasHeaders: Object.keys(options.headers).length > 0,
    allowPrivateHosts: options.allowPrivateHosts,
    pageHost: globalThis.location?.hostname ?? null,
  })
  return reason === null
}

interface StoreWishes {
  readonly mayStore: boolean
  readonly openTimeoutMs: number
}

function portsFor(
  urls: readonly URL[],
  options: ParsedOptions,
  { hasher, newThread, mayStore, openTimeoutMs }: StoreWishes & SharedParts,
): DriverPorts {
  const { credentials, headers, visitor } = options
  return {
    origins: urls.map(({ href, origin }) =>
      // What was meant for one web origin is not told to another.
      origin === urls[0]?.origin
        ? new FetchOrigin({ url: href, headers, credentials })
        : new FetchOrigin({
            url: href,
            credentials: credentials === 'include' ? 'same-origin' : credentials,
          }),
    ),
    links: webrtcLinks,
    topology: topologySocket,
    openStore: mayStore ? () => new IndexedDbStore({ visitor, openTimeoutMs, newThread }) : newMemoryStore,
    fallbackStore: newMemoryStore,
    hasher,
    clock: new PageClock(),
    uploadClock: new PageClock(),
  }
}

function newMemoryStore(): MemoryStore {
  return new MemoryStore()
}
