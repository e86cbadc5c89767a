// oxlint-disable-next-line typescript/triple-slash-reference -- it declares window.swarm, and must not be bundled
/// <reference path="../src/global.ts" />

/**
 * Runs inside a visitor's page: starts one download on command, keeps the clock, and answers what came of it.
 * Times are taken in the page, from the call until the Blob is there; hashing comes later, off the clock.
 */

import type { Download, DownloadStats } from '../src/index.ts'

export interface Job {
  readonly system: SystemName
  readonly url: string
  /** Handed to `swarm.download()`, or to whom another system is, as they are. */
  readonly options: Readonly<Record<string, unknown>>
}

/**
 * What downloads: the library, or 'http': `fetch(url).then((response) => response.blob())`, what a page would do without
 * it. 'webtorrent' is for pages whose scripts have put it into `window.guests`.
 */
export type SystemName = 'swarm' | 'http' | 'webtorrent'

/** Somebody else's way to download. */
export interface Guest {
  /** Resolves to the whole file. */
  download(job: Job): Promise<Blob>
  /** Ends its connections. */
  release(): void
}

export interface Outcome {
  /** When the call was made, in milliseconds since the epoch: comparable between pages of one machine. */
  readonly startedAtMs: number
  readonly elapsedMs: number
  /** Null where the download failed. */
  readonly sizeBytes: number | null
  /** What the library said of the result; null for plain HTTP. */
  readonly verified: string | false | null
  readonly stats: DownloadStats | null
  readonly error: Failure | null
}

export interface Failure {
  /** A SwarmError's code; the system's name where another one failed; 'not-a-swarm-error' for anything else. */
  readonly code: string
  readonly message: string
}

/** How far it is. `stats` is null before the start and for plain HTTP. */
export interface Snapshot {
  readonly state: string
  readonly stats: DownloadStats | null
}

export interface PageAgent {
  start(job: Job): void
  snapshot(): Snapshot
  /** Resolves, never rejects, when the started download has ended. */
  outcome(): Promise<Outcome>
  /** SHA-256 of the Blob, base64, as SRI writes it; null where there is none. */
  sha256(): Promise<string | null>
  pause(): void
  resume(): void
  /** Ends the download and its connections, and lets go of the Blob. */
  release(): void
}

declare global {
  interface Window {
    agent: PageAgent
    guests?: Partial<Record<SystemName, Guest>>
  }
}

let download: Download | null = null
let ended: Promise<Outcome> | null = null
let blob: Blob | null = null

window.agent = {
  start(job) {
    ended = run(job)
  },
  snapshot: () => ({ state: download?.state ?? 'idle', stats: download?.stats ?? null }),
  outcome: () => ended ?? Promise.reject(new Error('Nothing was started.')),
  sha256: async () => (blob === null ? null : toBase64(await sha256(blob))),
  pause: () => download?.pause(),
  resume: () => download?.resume(),
  release() {
    download?.cancel()
    for (const guest of Object.values(window.guests ?? {})) guest.release()
    blob = null
  },
}

async function run(job: Job): Promise<Outcome> {
  const startedMs = performance.now()
  const common = { startedAtMs: performance.timeOrigin + startedMs }
  try {
    blob = await blobBy(job)
    const elapsedMs = performance.now() - startedMs
    const verified = download === null ? null : (await download).verified
    return { ...common, elapsedMs, sizeBytes: blob.size, verified, stats: stats(), error: null }
  } catch (error) {
    const elapsedMs = performance.now() - startedMs
    return {
      ...common,
      elapsedMs,
      sizeBytes: null,
      verified: null,
      stats: stats(),
      error: failure(job, error),
    }
  }
}

function blobBy(job: Job): Promise<Blob> {
  if (job.system === 'swarm') return swarmed(job)
  if (job.system === 'http') return plain(job.url)
  const guest = window.guests?.[job.system]
  return guest?.download(job) ?? Promise.reject(new Error('Nobody on this page can do that.'))
}

async function plain(url: string): Promise<Blob> {
  const response = await fetch(url, { cache: 'no-store' })
  if (!response.ok) throw new Error(`The origin answered ${response.status}.`)
  return response.blob()
}

function swarmed(job: Job): Promise<Blob> {
  download = window.swarm.download(job.url, job.options)
  return download.blob()
}

function stats(): DownloadStats | null {
  return download?.stats ?? null
}

function failure(job: Job, error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error)
  if (job.system !== 'swarm') return { code: job.system, message }
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
  return {
    code: error instanceof Error && error.name === 'SwarmError' && code !== null ? code : NOT_OURS,
    message,
  }
}

const NOT_OURS = 'not-a-swarm-error'

async function sha256(data: Blob): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', await data.arrayBuffer()))
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}
