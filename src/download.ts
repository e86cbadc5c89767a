/**
 * The handle a caller holds: state, events, and the ways to get at the bytes.
 */

import { Driver } from './browser/driver.ts'
import type { ChunkSource, SessionConfig } from './core/session-io.ts'
import type { FileFacts } from './core/types.ts'
import { type Direction, type DownloadStats, Traffic } from './download-stats.ts'
import { SwarmError } from './errors.ts'
import { configFor, type DownloadSetting } from './download-setting.ts'
import { newGate } from './gate.ts'
import { errorFor, toSwarmError } from './failure-sentences.ts'
import type { Bytes } from './ports.ts'

/**
 * 'starting': size unknown yet. 'verifying': all bytes are here, the whole is being checked. 'complete': it may still
 * be serving others.
 */
export type DownloadState = 'starting' | 'downloading' | 'paused' | 'verifying' | 'complete' | 'failed'

/** What `await download` gives. */
export interface DownloadResult {
  /** The file. */
  blob(): Promise<Blob>
  /** By what the bytes were verified: a manifest's chunk hashes, the whole file's hash, or nothing. */
  readonly verified: 'manifest' | 'file' | false
}

export interface DownloadEventMap {
  /** More bytes are here; at most ten times a second. */
  progress: Event
  statechange: Event
  /** A neighbour came or went. */
  neighbours: Event
  complete: Event
  /** `error` holds the `SwarmError`. */
  error: ErrorEvent
}

const PROGRESS_EVERY_MS = 100

/** A Blob that cannot be put together is tried again, after the lost chunks were fetched anew. */
const MAX_BLOB_ATTEMPTS = 3

/**
 * One download. Made by `swarm.download()`. Awaiting it waits for the end; it rejects with `SwarmError`. Without a
 * caller that awaits, failures show in the `error` event and in `state` only.
 */
export class Download extends EventTarget implements PromiseLike<DownloadResult> {
  private readonly prepare: () => Promise<DownloadSetting>
  private setting: DownloadSetting | null = null
  private driver: Driver | null = null
  private currentState: DownloadState = 'starting'
  private facts: FileFacts | null = null
  private completedBytes = 0
  private readonly traffic = new Traffic()
  private readonly startedAtMs = performance.now()
  private endedAtMs: number | null = null
  private progressShownAtMs = -Infinity
  private failure: SwarmError | null = null
  private completion = newGate()
  private chunkGate = newGate()
  private file: Promise<Blob | null> | null = null
  private isWantedPaused = false
  private seedTimer: ReturnType<typeof setTimeout> | null = null
  private abortWatch: (() => void) | null = null

  /** For `swarm.download()`. `prepare` checks the caller's input and may throw `SwarmError`. */
  constructor(prepare: () => Promise<DownloadSetting>) {
    super()
    this.prepare = prepare
    this.begin().catch((error: unknown) => this.fail(toSwarmError(error)))
  }

  get state(): DownloadState {
    return this.currentState
  }

  /** Why it failed; null unless `state` is 'failed'. */
  get error(): SwarmError | null {
    return this.failure
  }

  get stats(): DownloadStats {
    const nowMs = performance.now()
    const session = this.driver?.session
    const neighbours = session === undefined ? [] : [...session.neighbours.values()]
    return {
      sizeBytes: this.facts?.sizeBytes ?? null,
      completedBytes: this.completedBytes,
      bytesFromOrigin: this.traffic.total('fromOrigin'),
      bytesByOrigin: [...this.traffic.byOrigin],
      bytesFromPeers: this.traffic.total('fromPeers'),
      bytesUploaded: this.traffic.total('toPeers'),
      originRateBytesPerSec: this.traffic.bytesPerSec('fromOrigin', nowMs),
      peerRateBytesPerSec: this.traffic.bytesPerSec('fromPeers', nowMs),
      uploadRateBytesPerSec: this.traffic.bytesPerSec('toPeers', nowMs),
      etaMs: this.etaMs(nowMs),
      swarmSize: session?.swarmSize ?? 1,
      elapsedMs: (this.endedAtMs ?? nowMs) - this.startedAtMs,
      storage: this.driver?.storage ?? null,
      neighbours: neighbours.map((neighbour) => ({
        id: neighbour.id,
        bytesReceived: neighbour.bytesReceived,
        bytesSent: neighbour.bytesSent,
        chunksHeld: neighbour.held.count,
        connectedForMs: nowMs - neighbour.openedAtMs,
      })),
    }
  }

  /** The whole file, once it is complete and verified. Above 32 MiB disk-backed where the store is. */
  async blob(): Promise<Blob> {
    for (let attempt = 0; attempt < MAX_BLOB_ATTEMPTS; attempt++) {
      await this.completion.passed
      const blob = await this.putTogether()
      if (blob !== null) return blob
    }
    throw new SwarmError('internal', 'The finished file could not be read back from this browser’s storage.')
  }

  /**
   * The bytes in order, as soon as they may be trusted: copies, which may be transferred or changed. With a manifest, from peers and origin. With a hash of the whole
   * file only, a part cannot be verified before the end: then only the origin's own bytes are taken, and the last
   * step throws `SwarmError` 'integrity-mismatch' if the whole was wrong.
   */
  async *stream(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    let offsetBytes = 0
    for (;;) {
      const facts = await this.factsOnceKnown()
      if (this.setting?.options.fileHash !== null && this.state !== 'complete')
        this.driver?.feed({ type: 'distrustPeers' })
      if (offsetBytes >= facts.sizeBytes) {
        await this.completion.passed
        // Others may have told a wrong size; then the download began anew, and so may the rest of the file.
        if (this.facts === facts) return
        continue
      }
      const chunk = Math.floor(offsetBytes / facts.chunkBytes)
      const bytes = await this.readInOrder(chunk, facts)
      if (bytes === null) continue
      const part = bytes.slice(offsetBytes - chunk * facts.chunkBytes)
      offsetBytes += part.byteLength
      yield part
    }
  }

  /** Stops asking for more; what others ask is still served. */
  pause(): void {
    if (this.isOver || this.isWantedPaused) return
    this.isWantedPaused = true
    this.driver?.feed({ type: 'pause' })
    this.setState('paused')
  }

  resume(): void {
    if (this.isOver || !this.isWantedPaused) return
    this.isWantedPaused = false
    this.setState(this.facts === null ? 'starting' : 'downloading')
    this.driver?.feed({ type: 'resume' })
  }

  /**
   * Ends the download and deletes what was stored of it. Whoever awaits it gets `SwarmError` 'aborted'. One that is
   * complete only leaves the swarm; its file stays.
   */
  cancel(): void {
    if (this.isOver) return this.leaveInPeace()
    this.endSeeding(true)
    this.fail(new SwarmError('aborted', 'The download was cancelled.'))
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a download is awaitable by design, in the manner of ky
  then<Fulfilled = DownloadResult, Rejected = never>(
    onFulfilled?: ((result: DownloadResult) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return this.completion.passed.then(() => this.result()).then(onFulfilled, onRejected)
  }

  declare addEventListener: <K extends keyof DownloadEventMap>(
    type: K,
    listener: (this: Download, event: DownloadEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ) => void

  declare removeEventListener: <K extends keyof DownloadEventMap>(
    type: K,
    listener: (this: Download, event: DownloadEventMap[K]) => void,
    options?: boolean | EventListenerOptions,
  ) => void

  // ------------------------------------------------------------------------------------------- the course

  private async begin(): Promise<void> {
    // Nothing happens before the caller has its handle and can listen.
    await Promise.resolve()
    this.setting = await this.prepare()
    this.traffic.count(this.setting.origins.length)
    const { signal } = this.setting.options
    if (this.isOver) return
    if (signal?.aborted === true) return this.aborted(signal)
    if (signal !== null) {
      const watch = (): void => this.aborted(signal)
      signal.addEventListener('abort', watch)
      this.abortWatch = () => signal.removeEventListener('abort', watch)
    }
    this.drive(this.setting, this.setting.locator)
  }

  private drive(setting: DownloadSetting, locator: SessionConfig['locator']): void {
    const { options, ports } = setting
    const driver = new Driver({
      config: configFor(setting, locator),
      ports,
      topologyUrls: options.topologyUrls,
      relayOnly: options.relayOnly,
      iceServers: options.iceServers,
      fileHash: options.fileHash,
      storeKey: setting.storeKey,
      events: {
        sized: (facts) => this.sized(facts),
        kept: (chunk, bytes, source) => this.kept(chunk, bytes, source),
        forgotten: (_chunk, bytes) => this.forgotten(bytes),
        moved: (...news) => this.moved(...news),
        neighboursChanged: () => this.dispatchEvent(new Event('neighbours')),
        checking: () => this.setState('verifying'),
        completed: () => this.completed(),
        left: () => this.endSeeding(false),
        failed: (output) => this.fail(errorFor(output, setting.url)),
        misled: () => {
          this.restartAlone(setting).catch((error: unknown) => this.fail(toSwarmError(error)))
        },
        crashed: (error) => this.fail(toSwarmError(error)),
      },
    })
    this.driver = driver
    driver.feed({ type: 'start' })
    if (this.isWantedPaused) driver.feed({ type: 'pause' })
  }

  /** What others said of the file was wrong: from the start, with the origin alone. */
  private async restartAlone(setting: DownloadSetting): Promise<void> {
    await this.driver?.stop({ forget: true })
    if (this.isOver) return
    this.facts = null
    this.completedBytes = 0
    this.openChunkGate()
    this.drive(setting, null)
  }

  private sized(facts: FileFacts): void {
    this.facts = facts
    if (!this.isWantedPaused) this.setState('downloading')
    this.openChunkGate()
  }

  private kept(_chunk: number, bytes: number, _source: ChunkSource['kind']): void {
    this.completedBytes += bytes
    this.showProgress(false)
    this.openChunkGate()
  }

  private forgotten(bytes: number): void {
    this.completedBytes -= bytes
    if (this.state !== 'complete' && this.state !== 'verifying') return
    if (this.state === 'complete') {
      this.completion = newGate()
      // It has to be made whole again first.
      if (this.seedTimer !== null) clearTimeout(this.seedTimer)
    }
    this.setState('downloading')
  }

  private moved(direction: Direction, bytes: number, origin?: number): void {
    this.traffic.add(direction, bytes, performance.now(), origin)
    this.showProgress(false)
  }

  private completed(): void {
    if (this.isOver) return
    this.endedAtMs = performance.now()
    this.showProgress(true)
    this.setState('complete')
    this.completion.open()
    this.openChunkGate()
    this.dispatchEvent(new Event('complete'))
    const seedForMs = this.setting?.options.seedForMs ?? 0
    if (this.seedTimer !== null) clearTimeout(this.seedTimer)
    this.seedTimer = setTimeout(() => this.leaveInPeace(), Math.min(seedForMs, 2 ** 31 - 1))
    globalThis.addEventListener?.('pagehide', this.leavePage)
  }

  /** The file as a Blob, once: what other tabs do to the store afterwards does not touch it. */
  private putTogether(): Promise<Blob | null> {
    this.file ??= (this.driver?.blob(this.setting?.options.contentType ?? '') ?? Promise.resolve(null)).then(
      (blob) => {
        if (blob === null) this.file = null
        return blob
      },
    )
    return this.file
  }

  /** `left` follows, within two seconds. */
  private readonly leaveInPeace = (): void => this.driver?.feed({ type: 'leave' })

  private readonly leavePage = (): void => this.endSeeding(false)

  /** Leaves the swarm. What is stored stays readable. */
  private endSeeding(forget: boolean): void {
    if (this.seedTimer !== null) clearTimeout(this.seedTimer)
    this.seedTimer = null
    this.abortWatch?.()
    globalThis.removeEventListener?.('pagehide', this.leavePage)
    const { driver, setting } = this
    const settled =
      this.state === 'complete' && !forget ? this.putTogether().catch(() => null) : Promise.resolve(null)
    settled
      .then(() => driver?.stop({ forget }))
      .catch(() => {})
      .finally(() => setting?.release())
  }

  private aborted(signal: AbortSignal): void {
    if (this.isOver) return this.leaveInPeace()
    this.endSeeding(true)
    this.fail(new SwarmError('aborted', 'The download was aborted by its signal.', { cause: signal.reason }))
  }

  private fail(error: SwarmError): void {
    if (this.isOver) return
    this.failure = error
    this.endedAtMs = performance.now()
    this.endSeeding(false)
    this.setState('failed')
    this.completion.close(error)
    this.chunkGate.close(error)
    this.dispatchEvent(new ErrorEvent('error', { error, message: error.message }))
  }

  private get isOver(): boolean {
    return this.currentState === 'complete' || this.currentState === 'failed'
  }

  private result(): DownloadResult {
    const options = this.setting?.options
    const verified = options?.chunkHashes ? 'manifest' : options?.fileHash ? 'file' : false
    return { blob: () => this.blob(), verified }
  }

  // ---------------------------------------------------------------------------------------- reading in order

  private async factsOnceKnown(): Promise<FileFacts> {
    while (this.facts === null) await this.chunkGate.passed
    return this.facts
  }

  /** Null where the download began anew meanwhile, with other facts. */
  private async readInOrder(chunk: number, facts: FileFacts): Promise<Bytes | null> {
    this.driver?.feed({ type: 'reading', chunk })
    for (;;) {
      if (this.failure !== null) throw this.failure
      if (this.facts !== facts) return null
      // Taken before looking: a chunk kept meanwhile opens this gate.
      const { passed } = this.chunkGate
      const { driver } = this
      const bytes = driver?.isKept(chunk) === true ? await driver.read(chunk) : null
      if (bytes !== null && this.facts === facts) return bytes
      await passed
    }
  }

  private openChunkGate(): void {
    this.chunkGate.open()
    this.chunkGate = newGate()
  }

  // ------------------------------------------------------------------------------------------------ showing

  private setState(state: DownloadState): void {
    if (this.currentState === state) return
    this.currentState = state
    this.dispatchEvent(new Event('statechange'))
  }

  private showProgress(atOnce: boolean): void {
    const nowMs = performance.now()
    if (!atOnce && nowMs - this.progressShownAtMs < PROGRESS_EVERY_MS) return
    this.progressShownAtMs = nowMs
    this.dispatchEvent(new Event('progress'))
  }

  private etaMs(nowMs: number): number | null {
    if (this.facts === null) return null
    if (this.state === 'complete') return 0
    if (this.state !== 'downloading') return null
    return this.traffic.takesMs(this.facts.sizeBytes - this.completedBytes, nowMs)
  }
}
