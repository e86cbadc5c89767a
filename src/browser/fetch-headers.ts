/**
 * Reads what an origin says about a body: RFC 9110, sections 8 (length, encoding, validators), 10.2.3 (Retry-After)
 * and 14.4 (Content-Range). Whatever is missing, hidden by CORS or malformed reads as null, except where being
 * malformed means that the body cannot be trusted.
 */

import { MAX_FILE_BYTES, MAX_VALIDATOR_LENGTH } from '../core/wire/limits.ts'

/** The longest wait an origin can impose, in milliseconds: a day. Beyond that it says "never", which is no use here. */
const MAX_RETRY_AFTER_MS: number = 24 * 60 * 60 * 1000

/** Both ends included; `sizeBytes` null: the origin does not say. */
export interface ContentRange {
  readonly firstByte: number
  readonly lastByte: number
  readonly sizeBytes: number | null
}

/** Null where there is none to read, 'malformed' where it is no single range of bytes. */
export function readContentRange(headers: Headers): ContentRange | 'malformed' | null {
  const text = headers.get('Content-Range')
  if (text === null) return null
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(text)
  if (match === null) return 'malformed'
  const [firstByte, lastByte] = [Number(match[1]), Number(match[2])]
  const sizeBytes = match[3] === '*' ? null : Number(match[3])
  const isOrdered = firstByte <= lastByte && (sizeBytes === null || lastByte < sizeBytes)
  return isOrdered ? { firstByte, lastByte, sizeBytes } : 'malformed'
}

/** Content-Length in bytes. */
export function readLengthBytes(headers: Headers): number | null {
  const text = headers.get('Content-Length')
  if (text === null || !/^\d{1,15}$/.test(text)) return null
  return Number(text) <= MAX_FILE_BYTES ? Number(text) : null
}

/** Whether the bytes that `fetch()` hands out are not the ones that were counted and ranged over. */
export function isEncoded(headers: Headers): boolean {
  const encoding = headers.get('Content-Encoding')
  return encoding !== null && encoding.trim() !== '' && encoding.trim().toLowerCase() !== 'identity'
}

/** Several ranges in one body; a single one was asked for. */
export function isMultipart(headers: Headers): boolean {
  return (headers.get('Content-Type') ?? '').toLowerCase().startsWith('multipart/byteranges')
}

/** A strong ETag, else Last-Modified. */
export function readValidator(headers: Headers): string | null {
  const etag = headers.get('ETag')
  if (etag !== null && /^"[^"]*"$/.test(etag) && isValidator(etag)) return etag
  const lastModified = headers.get('Last-Modified')
  return lastModified !== null && isValidator(lastModified) ? lastModified : null
}

/** Retry-After, given in seconds or as a date, in milliseconds from now. */
export function readRetryAfterMs(headers: Headers): number | null {
  const text = headers.get('Retry-After')?.trim()
  if (text === undefined) return null
  const waitMs = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isNaN(waitMs) ? null : Math.min(Math.max(0, waitMs), MAX_RETRY_AFTER_MS)
}

function isValidator(text: string): boolean {
  return text.length <= MAX_VALIDATOR_LENGTH && /^[\x20-\x7e]+$/.test(text)
}
