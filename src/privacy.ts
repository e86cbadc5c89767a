/**
 * What must not be swarmed: a file that is meant for one visitor. And what a swarm is called without telling its URL.
 */

import type { Locator, OriginTag } from './core/types.ts'
import type { Hasher } from './ports.ts'

/** Query keys of signed URLs: whoever holds one was given it personally. Compared without regard to case. */
const SIGNED_QUERY_KEYS: ReadonlySet<string> = new Set([
  'x-amz-signature',
  'x-amz-credential',
  'x-amz-security-token',
  'x-goog-signature',
  'x-goog-credential',
  'signature',
  'expires',
  'policy',
  'key-pair-id',
  'awsaccesskeyid',
  'googleaccessid',
  'sig',
  'sv',
  'hmac',
  'x-oss-signature',
  'ossaccesskeyid',
  'q-signature',
  'q-ak',
  'sign',
  'auth_key',
  'md5',
  'hdntl',
  'se',
  'sp',
  'key',
  'secret',
  'hdnea',
  'hdnts',
  'token',
  'access_token',
  'auth',
  'authorization',
  'apikey',
  'api_key',
  'jwt',
  'session',
  'sessionid',
  'password',
])

/** Why this URL's file stays between its origin and this visitor; null where it may be swarmed. */
export function privateReason(
  url: URL,
  options: {
    readonly hasCredentials: boolean
    readonly hasHeaders: boolean
    readonly allowPrivateHosts: boolean
    /** Host of the page itself; null outside a page. */
    readonly pageHost: string | null
  },
): string | null {
  if (options.hasCredentials) return 'it is requested with credentials'
  if (options.hasHeaders) return 'it is requested with headers of its own'
  if (url.username !== '' || url.password !== '') return 'its URL names a user'
  for (const key of url.searchParams.keys())
    if (SIGNED_QUERY_KEYS.has(key.toLowerCase())) return `its URL is signed (“${key}”)`
  const pageIsPrivate = options.pageHost !== null && isPrivateHost(options.pageHost)
  if (isPrivateHost(url.hostname) && !options.allowPrivateHosts && !pageIsPrivate)
    return 'its host is not public'
  return null
}

/** Loopback, private and link-local addresses, single-label names, and the names reserved for them (RFC 6761, 8375). */
export function isPrivateHost(host: string): boolean {
  const name = host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
  if (name.includes(':')) return isPrivateIPv6(name)
  if (/^\d+\.\d+\.\d+\.\d+$/.test(name)) return isPrivateIPv4(name)
  if (!name.includes('.')) return true
  return /\.(?:localhost|local|internal|lan|home|corp|intranet|private|test|home\.arpa)$/.test(name)
}

function isPrivateIPv4(address: string): boolean {
  const [a = 0, b = 0] = address.split('.').map(Number)
  if (a === 0 || a === 10 || a === 127 || a >= 224) return true
  if (a === 169) return b === 254
  if (a === 172) return b >= 16 && b < 32
  if (a === 192) return b === 168
  return a === 100 && b >= 64 && b < 128
}

function isPrivateIPv6(address: string): boolean {
  const mapped = /^::ffff:(?:([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/.exec(address)
  if (mapped !== null) {
    const high = Number.parseInt(mapped[1] ?? '0', 16)
    return isPrivateIPv4(`${high >> 8}.${high & 255}.0.0`)
  }
  return address === '::' || address === '::1' || /^(?:f[cd]|fe[89ab])/.test(address)
}

/** Version of how a locator is made. */
const LOCATOR_VERSION = 'swarmfetch-1'

/** What the swarm of this URL is joined by: SHA-256 over version and URL without its fragment, 64 hex digits. */
export async function locatorOf(url: URL, hasher: Hasher): Promise<Locator> {
  const digest = await digestOf(`${LOCATOR_VERSION}\n${canonical(url)}`, hasher)
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('') as Locator
}

/**
 * What claims call an origin of this file: the first 32 bits of SHA-256 over version, locator, and URL without its fragment.
 * With the locator in it, nobody can tell by the tag alone that two swarms have a mirror in common.
 */
export async function originTagOf(url: URL, locator: Locator, hasher: Hasher): Promise<OriginTag> {
  const digest = await digestOf(`${LOCATOR_VERSION} origin\n${locator}\n${canonical(url)}`, hasher)
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0)
}

function canonical(url: URL): string {
  const copy = new URL(url)
  copy.hash = ''
  return copy.href
}

function digestOf(text: string, hasher: Hasher): ReturnType<Hasher['digest']> {
  return hasher.digest(new TextEncoder().encode(text))
}
