/**
 * The HTTP origin of demo, tests and bench: an ordinary static file server as swarmfetch finds them in the wild, with
 * a shaped uplink, counters, and faults on request. It knows nothing of swarms.
 *
 * `GET /__stats` answers with the counters as JSON, `POST /__reset` sets them to zero, and `POST /__rate/1000000` sets the
 * rate in bits per second, from any page.
 */

import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

import { BodyFlow, sliceFor } from './sample-origin-body.ts'
import { SampleOriginCounters } from './sample-origin-stats.ts'
import type { SampleOriginStats } from './sample-origin-stats.ts'
import { Shaper } from './shaper.ts'

export type { SampleFileStats, SampleOriginStats } from './sample-origin-stats.ts'

/** Longer than any pause between two requests of a test, so that no request meets a connection about to close. */
const KEEP_ALIVE_MS = 60_000

/** All that a cross-origin page may read beyond the safelisted headers, if `exposeHeaders`. */
const EXPOSED_HEADERS = 'Accept-Ranges, Content-Encoding, Content-Range, ETag, Retry-After'

const LAST_MODIFIED = 'Tue, 01 Oct 2024 08:00:00 GMT'

export interface SampleOriginOptions {
  /** Contents by name; the name is the URL's path. Not copied. */
  readonly files: Readonly<Record<string, Uint8Array>>
  /** Rate of all bodies together, in bits per second (headers ride free). Default null: unlimited. */
  readonly rateBitsPerSec?: number | null
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default 0: any free port. */
  readonly port?: number
  /** `Access-Control-Allow-Origin: *`, and preflights answered. Default true. */
  readonly cors?: boolean
  /** Cross-origin pages may read Content-Range, ETag and the like. Default false, as on most origins. */
  readonly exposeHeaders?: boolean
  /** Default true. False: the Range header is ignored and everything answered with 200. */
  readonly ranges?: boolean
  /** Default 'strong'. */
  readonly etag?: 'strong' | 'none'
  /** Asked for every request for a file; what it returns goes wrong. */
  readonly faults?: (request: SampleRequest) => SampleFault | null
}

export interface SampleRequest {
  readonly name: string
  readonly method: string
  /** The Range header, or null. */
  readonly range: string | null
}

/** Ways in which an origin misbehaves. */
export interface SampleFault {
  /** Answers with this status and no body. */
  readonly status?: number
  /** Headers to set over the regular ones, right or wrong. */
  readonly headers?: Readonly<Record<string, string>>
  /** Waits before it answers. */
  readonly delayHeadersMs?: number
  /** Sends no Content-Length. */
  readonly chunked?: boolean
  /** The body ends after so many bytes: in peace if chunked, else by breaking the connection. */
  readonly truncateAfterBytes?: number
  /** So many zero bytes follow the body. They are part of its Content-Length, if there is one. */
  readonly extraBytes?: number
  /** Compresses the body and says so. */
  readonly gzip?: boolean
}

export interface SampleOrigin {
  /** The server's own URL, without a slash at the end. */
  readonly baseUrl: string
  url(name: string): string
  stats(): SampleOriginStats
  resetStats(): void
  /** In bits per second; null: unlimited. Responses under way follow at once. */
  setRate(rateBitsPerSec: number | null): void
  /** Breaks what is under way and stops listening. */
  close(): Promise<void>
}

/** Resolves when it listens. Rejects where it cannot. */
export async function startSampleOrigin(options: SampleOriginOptions): Promise<SampleOrigin> {
  const origin = new SampleOriginServer(options)
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) =>
    origin.handle(request, response),
  )
  server.on('connection', (socket) => {
    origin.counters.changeConnections(1)
    socket.once('close', () => origin.counters.changeConnections(-1))
  })
  const baseUrl = await listen(server, options.host ?? '127.0.0.1', options.port ?? 0)
  return {
    baseUrl,
    url: (name) => `${baseUrl}/${encodeURIComponent(name)}`,
    stats: () => origin.counters.read(),
    resetStats: () => origin.counters.reset(),
    setRate: (rateBitsPerSec) => origin.shaper.setRate(bytesPerSec(rateBitsPerSec)),
    close: () => close(server),
  }
}

interface SampleFile {
  readonly name: string
  readonly bytes: Uint8Array
  readonly etag: string | null
}

class SampleOriginServer {
  readonly counters = new SampleOriginCounters()
  readonly shaper: Shaper
  readonly #options: SampleOriginOptions
  readonly #files = new Map<string, SampleFile>()

  constructor(options: SampleOriginOptions) {
    this.#options = options
    this.shaper = new Shaper(bytesPerSec(options.rateBitsPerSec ?? null), (ms) => this.counters.countLost(ms))
    for (const [name, bytes] of Object.entries(options.files)) {
      const etag = options.etag === 'none' ? null : strongEtag(bytes)
      this.#files.set(name, { name, bytes, etag })
      this.counters.addFile(name, bytes.byteLength)
    }
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    // An aborted connection surfaces as an error on either side; 'close' is what counts.
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    if (this.#options.cors ?? true) this.#setCorsHeaders(response)
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    if (request.method === 'OPTIONS') return this.#answerPreflight(request, response)
    if (path.startsWith('/__')) return this.#answerControl(path, request.method ?? 'GET', response)
    const file = this.#files.get(safeDecode(path.slice(1)))
    if (file === undefined) return answerEmpty(response, 404)
    if (request.method !== 'GET' && request.method !== 'HEAD') return answerEmpty(response, 405)
    this.#answerFile(file, request, response)
  }

  #setCorsHeaders(response: ServerResponse): void {
    response.setHeader('Access-Control-Allow-Origin', '*')
    response.setHeader('Timing-Allow-Origin', '*')
    if (this.#options.exposeHeaders) response.setHeader('Access-Control-Expose-Headers', EXPOSED_HEADERS)
  }

  #answerPreflight(request: IncomingMessage, response: ServerResponse): void {
    this.counters.countPreflight()
    if (this.#options.cors ?? true) {
      response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD')
      response.setHeader(
        'Access-Control-Allow-Headers',
        request.headers['access-control-request-headers'] ?? '*',
      )
    }
    answerEmpty(response, 204)
  }

  #answerControl(path: string, method: string, response: ServerResponse): void {
    response.setHeader('Access-Control-Allow-Origin', '*')
    response.setHeader('Cache-Control', 'no-store')
    if (path === '/__stats' && method === 'GET') {
      response.setHeader('Content-Type', 'application/json')
      response.end(JSON.stringify(this.counters.read()))
    } else if (path === '/__reset' && method === 'POST') {
      this.counters.reset()
      answerEmpty(response, 204)
    } else if (/^\/__rate\/[1-9]\d{0,11}$/.test(path) && method === 'POST') {
      this.shaper.setRate(bytesPerSec(Number(path.split('/').at(-1))))
      answerEmpty(response, 204)
    } else answerEmpty(response, 404)
  }

  #answerFile(file: SampleFile, request: IncomingMessage, response: ServerResponse): void {
    this.counters.countRequest(file.name)
    const method = request.method ?? 'GET'
    const range = request.headers.range ?? null
    const fault = this.#options.faults?.({ name: file.name, method, range }) ?? {}
    if (fault.delayHeadersMs === undefined) return this.#answer(file, method, range, fault, response)
    const timer = setTimeout(() => this.#answer(file, method, range, fault, response), fault.delayHeadersMs)
    response.once('close', () => clearTimeout(timer))
  }

  #answer(
    file: SampleFile,
    method: string,
    range: string | null,
    fault: SampleFault,
    response: ServerResponse,
  ): void {
    const rangesOn = this.#options.ranges ?? true
    const sizeBytes = file.bytes.byteLength
    if (file.etag !== null) response.setHeader('ETag', file.etag)
    response.setHeader('Last-Modified', LAST_MODIFIED)
    response.setHeader('Cache-Control', 'public, max-age=60')
    if (rangesOn) response.setHeader('Accept-Ranges', 'bytes')

    const slice = sliceFor(rangesOn ? range : null, sizeBytes)
    if (fault.status !== undefined || slice === null) {
      if (slice === null) response.setHeader('Content-Range', `bytes */${sizeBytes}`)
      setHeaders(response, fault.headers)
      return answerEmpty(response, fault.status ?? 416)
    }
    const body = bodyOf(file.bytes.subarray(slice.start, slice.end), fault)
    response.statusCode = slice.partial ? 206 : 200
    response.setHeader('Content-Type', 'application/octet-stream')
    if (slice.partial) {
      response.setHeader('Content-Range', `bytes ${slice.start}-${slice.end - 1}/${sizeBytes}`)
    }
    if (fault.gzip) response.setHeader('Content-Encoding', 'gzip')
    if (!fault.chunked) response.setHeader('Content-Length', body.byteLength)
    setHeaders(response, fault.headers)
    if (method === 'HEAD') response.end()
    else this.#sendBody(file, body.subarray(0, fault.truncateAfterBytes), fault, response)
  }

  #sendBody(file: SampleFile, body: Uint8Array, fault: SampleFault, response: ServerResponse): void {
    const breaksOff = fault.truncateAfterBytes !== undefined && !fault.chunked
    const flow = new BodyFlow(body, response, breaksOff, (bytes) =>
      this.counters.countBytes(file.name, bytes),
    )
    this.counters.changeResponses(1)
    response.once('close', () => {
      this.shaper.remove(flow)
      this.counters.changeResponses(-1)
    })
    response.on('drain', () => this.shaper.wake())
    response.flushHeaders()
    if (body.byteLength === 0) flow.end()
    else this.shaper.add(flow)
  }
}

function bodyOf(slice: Uint8Array, fault: SampleFault): Uint8Array {
  const body = fault.extraBytes === undefined ? slice : Buffer.concat([slice, Buffer.alloc(fault.extraBytes)])
  return fault.gzip ? gzipSync(body) : body
}

function setHeaders(response: ServerResponse, headers: Readonly<Record<string, string>> = {}): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
}

function answerEmpty(response: ServerResponse, status: number): void {
  response.statusCode = status
  if (status !== 204) response.setHeader('Content-Length', 0)
  response.end()
}

function strongEtag(bytes: Uint8Array): string {
  return `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
}

function safeDecode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function bytesPerSec(bitsPerSec: number | null): number | null {
  if (bitsPerSec === null) return null
  if (!(bitsPerSec > 0)) throw new RangeError(`A rate must be above 0 bits per second, not ${bitsPerSec}.`)
  return bitsPerSec / 8
}

function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const address = server.address() as AddressInfo
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${address.port}`)
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
