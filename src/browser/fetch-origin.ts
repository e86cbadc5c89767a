/**
 * An HTTP origin by `fetch()`. Sends nothing but a `Range` header of the safelisted form, so that no cross-origin
 * request costs a preflight, and trusts no header further than it can be read and checked: cross-origin, most are
 * hidden unless the origin exposes them (Fetch standard, "CORS-safelisted response-header name").
 */

import { OriginError } from '../ports.ts'
import type { ByteRange, Origin, OriginFailure, OriginResponse } from '../ports.ts'
import { exactBody } from './fetch-body.ts'
import {
  isEncoded,
  isMultipart,
  readContentRange,
  readLengthBytes,
  readRetryAfterMs,
  readValidator,
} from './fetch-headers.ts'
import type { ContentRange } from './fetch-headers.ts'
import { LinkedAbort } from './linked-abort.ts'

/** How long finding out why a request failed may take, in milliseconds (guess). */
const EXPLAIN_TIMEOUT_MS = 5_000

export interface FetchOriginOptions {
  readonly url: string
  /** Sent with every request, as given; costs a preflight cross-origin. Default: none. */
  readonly headers?: Readonly<Record<string, string>>
  /** As in `fetch()`. Default 'same-origin'. */
  readonly credentials?: RequestCredentials
}

/** One URL, asked for ranges. */
export class FetchOrigin implements Origin {
  readonly #options: FetchOriginOptions
  /** An origin that has once answered this page does let it read: later failures are the network's. */
  #hasAnswered = false

  constructor(options: FetchOriginOptions) {
    this.#options = options
  }

  /** To the page's own host there is a connection already; to another one a link makes it (HTML standard, "preconnect"). */
  preconnect(): void {
    const { url, credentials } = this.#options
    if (typeof document === 'undefined') return
    const { origin } = new URL(url, document.baseURI)
    if (origin === location.origin) return
    const link = document.createElement('link')
    link.rel = 'preconnect'
    link.crossOrigin = credentials === 'include' ? 'use-credentials' : 'anonymous'
    link.href = origin
    document.head.append(link)
    link.remove()
  }

  async open(range: ByteRange, signal: AbortSignal): Promise<OriginResponse> {
    const rangeHeader = `bytes=${range.firstByte}-${range.lastByte ?? ''}`
    const wantsAll = rangeHeader === 'bytes=0-'
    const answer = await this.#askPatiently(rangeHeader, wantsAll, signal)
    const { status, headers } = answer.response
    // No range of an empty file can be satisfied (RFC 9110, 14.1.2), and no part of an encoded body can be used.
    const hasNoRanges = status === 416 || (status === 206 && isEncoded(headers))
    if (!wantsAll || !hasNoRanges) return accept(answer, range)
    answer.connection.abort()
    return accept(await this.#ask(null, signal), range)
  }

  /**
   * Some origins are readable, but not by ranges: they encode even what must not be encoded (Chromium then fails the
   * request), or would have to allow the header (browsers before 2022–23 ask). The file can still be had in one piece.
   */
  async #askPatiently(rangeHeader: string, wantsAll: boolean, signal: AbortSignal): Promise<Answer> {
    try {
      return await this.#ask(rangeHeader, signal)
    } catch (error) {
      if (this.#hasAnswered || signal.aborted) throw error
      await this.#requireReadable(signal)
      if (!wantsAll) throw error
    }
    // Once more first: the network may have failed, and one piece costs the origin a whole copy.
    return this.#ask(rangeHeader, signal).catch(() => this.#ask(null, signal))
  }

  async #ask(rangeHeader: string | null, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted()
    const connection = new LinkedAbort(signal)
    try {
      const headers = new Headers(this.#options.headers)
      if (rangeHeader !== null) headers.set('Range', rangeHeader)
      const response = await this.#fetch({ headers }, connection)
      this.#hasAnswered = true
      return { response, connection, isRanged: rangeHeader !== null }
    } catch (cause) {
      connection.release()
      signal.throwIfAborted()
      throw noAnswer('unreachable', cause)
    }
  }

  /** Fetch says only "failed". Rejects with 'cors' or 'unreachable' unless this page may read what the origin says. */
  async #requireReadable(signal: AbortSignal): Promise<void> {
    const connection = new LinkedAbort(signal)
    const timer = setTimeout(() => connection.abort(), EXPLAIN_TIMEOUT_MS)
    try {
      const readable = this.#fetch({ method: 'HEAD' }, connection)
      await readable.catch(async (cause: unknown) => {
        // An answer that nobody may read: it comes where only the permission is missing.
        const { type } = await this.#fetch({ method: 'HEAD', mode: 'no-cors' }, connection)
        throw noAnswer(type === 'opaque' ? 'cors' : 'unreachable', cause)
      })
    } catch (cause) {
      signal.throwIfAborted()
      throw cause instanceof OriginError ? cause : noAnswer('unreachable', cause)
    } finally {
      clearTimeout(timer)
      connection.release()
    }
  }

  #fetch(init: RequestInit, connection: LinkedAbort): Promise<Response> {
    return fetch(this.#options.url, {
      ...init,
      credentials: this.#options.credentials ?? 'same-origin',
      // Chrome's HTTP cache lets only one request for a URL through at a time.
      cache: 'no-store',
      redirect: 'follow',
      signal: connection.signal,
    })
  }
}

interface Answer {
  readonly response: Response
  readonly connection: LinkedAbort
  readonly isRanged: boolean
}

/** What is known of a body before it is read; the promise is what it is held to. */
interface Framing {
  readonly kind: OriginResponse['kind']
  readonly sizeBytes: number | null
  readonly lengthBytes: number | null
  readonly promisedBytes: number | null
}

function accept(answer: Answer, range: ByteRange): OriginResponse {
  const { response, connection } = answer
  try {
    const { kind, sizeBytes, lengthBytes, promisedBytes } = readFraming(answer, range)
    const body = exactBody(response.body ?? new Blob().stream(), promisedBytes, connection)
    return { kind, sizeBytes, lengthBytes, validator: readValidator(response.headers), body }
  } catch (error) {
    connection.abort()
    throw error
  }
}

function readFraming({ response, isRanged }: Answer, range: ByteRange): Framing {
  if (response.status === 206) return readRangeFraming(response.headers, range)
  if (response.status !== 200) throw statusError(response)
  const saidBytes = readLengthBytes(response.headers)
  // The length of an encoded body is not the file's. Browsers ask for no encoding only together with a range, and
  // cross-origin they hide whether there is one.
  const isFileLength = (isRanged && !isEncoded(response.headers)) || saidBytes === 0
  const lengthBytes = isFileLength ? saidBytes : null
  return { kind: 'whole', sizeBytes: lengthBytes, lengthBytes, promisedBytes: lengthBytes }
}

function readRangeFraming(headers: Headers, range: ByteRange): Framing {
  const contentRange = readContentRange(headers)
  if (isEncoded(headers)) throw inconsistent('The origin encodes ranges.')
  if (isMultipart(headers) || contentRange === 'malformed')
    throw inconsistent('The origin sent no single range.')

  if (contentRange !== null && !answers(contentRange, range)) {
    throw inconsistent('The origin sent another range than the one asked for.')
  }
  const rangedBytes = lengthOf(contentRange ?? range)
  const lengthBytes = readLengthBytes(headers) ?? (contentRange === null ? null : rangedBytes)
  if (lengthBytes !== null && rangedBytes !== null && lengthBytes !== rangedBytes) {
    throw inconsistent(`The origin announced ${lengthBytes} bytes for a range of ${rangedBytes}.`)
  }
  const endBytes = range.lastByte === null && lengthBytes !== null ? range.firstByte + lengthBytes : null
  const sizeBytes = contentRange?.sizeBytes ?? endBytes
  return { kind: 'range', sizeBytes, lengthBytes, promisedBytes: lengthBytes ?? rangedBytes }
}

function answers(sent: ContentRange, asked: ByteRange): boolean {
  const endOfFile = sent.sizeBytes === null ? sent.lastByte : sent.sizeBytes - 1
  return sent.firstByte === asked.firstByte && sent.lastByte === (asked.lastByte ?? endOfFile)
}

function lengthOf(range: ByteRange): number | null {
  return range.lastByte === null ? null : range.lastByte - range.firstByte + 1
}

function noAnswer(failure: 'cors' | 'unreachable', cause: unknown): OriginError {
  const message =
    failure === 'cors'
      ? 'The origin answers, but sends no CORS headers that let this page read the file.'
      : 'The origin cannot be reached.'
  return new OriginError(failure, message, { cause })
}

function inconsistent(message: string): OriginError {
  return new OriginError('inconsistent', message, { status: 206 })
}

function statusError(response: Response): OriginError {
  const { status } = response
  const retryAfterMs = readRetryAfterMs(response.headers)
  const details = retryAfterMs === null ? { status } : { status, retryAfterMs }
  return new OriginError(failureOf(status), `The origin answered with status ${status}.`, details)
}

function failureOf(status: number): OriginFailure {
  switch (status) {
    case 404:
    case 410:
      return 'not-found'
    case 401:
    case 403:
    case 451:
      return 'forbidden'
    case 416:
      return 'range-unsatisfiable'
    case 429:
    case 503:
      return 'busy'
    default:
      return 'status'
  }
}
