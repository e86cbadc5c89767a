/**
 * The kinds of values that messages in JSON consist of, each held against its limit: the pieces from which
 * `topology-codec.ts` builds its parsers.
 */

import { isPrintableAscii } from './bytes.ts'
import { MAX_TOPOLOGY_MESSAGE_BYTES } from './limits.ts'

/**
 * Most bytes of a signal's `data`, encoded. The rest of the largest message is for the envelope, so that whatever
 * the server accepts from one visitor it can hand to another.
 */
export const MAX_SIGNAL_DATA_BYTES: number = MAX_TOPOLOGY_MESSAGE_BYTES - 128

/** Most arrays and objects of a signal's `data` inside each other. WebRTC descriptions and candidates need 2. */
export const MAX_SIGNAL_DEPTH = 8

export type Fields = Readonly<Record<string, unknown>>

/** What `parse` makes of the value; null where the value is null, undefined where it is neither. */
export function parseNullable<T>(value: unknown, parse: (value: unknown) => T | null): T | null | undefined {
  return value === null ? null : (parse(value) ?? undefined)
}

export function parseObject(text: string): Fields | null {
  if (utf8Length(text) > MAX_TOPOLOGY_MESSAGE_BYTES) return null
  try {
    const value: unknown = JSON.parse(text)
    return isFields(value) ? value : null
  } catch {
    return null
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isWithin(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most
}

/** Printable ASCII, at least one character of it. */
export function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= maxLength && isPrintableAscii(value)
}

/**
 * Whether the data may be relayed. It is measured as it will be sent, since re-encoding can lengthen it:
 * `1e20` leaves as twenty-one digits.
 */
export function isSignalData(value: unknown): boolean {
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
