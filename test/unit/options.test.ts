import { describe, expect, it } from 'vitest'

import type { DriverPorts } from '../../src/browser/driver.ts'
import type { OriginTag } from '../../src/core/types.ts'
import { configFor, type DownloadSetting } from '../../src/download-setting.ts'
import { SwarmError } from '../../src/errors.ts'
import { type DownloadOptions, type ParsedOptions, parseOptions, parseUrl } from '../../src/options.ts'

const SHA256 = `sha256-${Buffer.alloc(32).toString('base64')}`
const MANIFEST = {
  version: 1,
  sizeBytes: 10,
  chunkBytes: 65_536,
  hashes: Buffer.alloc(32).toString('base64'),
}

/** Nothing is carried out. */
const NO_PORTS = {} as DriverPorts

/** What callers write who have no types. */
function parseAnything(options: unknown): ReturnType<typeof parseOptions> {
  return parseOptions(options as DownloadOptions)
}

/** A download with these options, of nothing. */
function settingOf(options: ParsedOptions, origins: readonly OriginTag[]): DownloadSetting {
  const address = { url: parseUrl('https://a.example/b'), locator: null, storeKey: 'a', seed: 1 }
  return { ...address, origins, options, ports: NO_PORTS, preparedInMs: 15, release: () => {} }
}

function errorOf(attempt: () => unknown): SwarmError {
  try {
    attempt()
  } catch (error) {
    if (error instanceof SwarmError) return error
    throw error
  }
  throw new Error('Nothing was thrown.')
}

describe('options', () => {
  it('have defaults that need nothing and nobody', () => {
    expect(parseOptions({})).toEqual({
      topologyUrls: [],
      chunkHashes: null,
      fileHash: null,
      mirrors: [],
      seedForMs: 120_000,
      maxUploadBytesPerSec: null,
      maxUploadRatio: null,
      iceServers: null,
      relayOnly: false,
      credentials: 'same-origin',
      headers: {},
      originLoad: 'adaptive',
      storage: 'indexeddb',
      visitor: '',
      allowPrivateHosts: false,
      unverifiedPeers: false,
      contentType: 'application/octet-stream',
      signal: null,
    })
  })

  it('that are undefined count as not given', () => {
    const names = [
      'topology',
      'integrity',
      'upload',
      'iceServers',
      'headers',
      'originLoad',
      'visitor',
      'signal',
    ]
    const all = Object.fromEntries([...names, 'storage'].map((name) => [name, undefined]))
    expect(parseAnything(all)).toEqual(parseOptions({}))
  })

  it('are taken as they are given', () => {
    const { signal } = new AbortController()
    const parsed = parseOptions({
      topology: ['wss://one.example', 'ws://two.example:8080/path'],
      upload: { seedForMs: 0 },
      iceServers: [
        { urls: 'stun:stun.example' },
        { urls: ['turn:a', 'turns:b'], username: 'u', credential: 'c' },
      ],
      relayOnly: true,
      credentials: 'include',
      headers: { 'X-Own': 'yes' },
      originLoad: 'full',
      storage: 'memory',
      visitor: 'Anna_2-b',
      allowPrivateHosts: true,
      unverifiedPeers: true,
      contentType: 'text/plain',
      signal,
    })
    expect(parsed).toMatchObject({
      topologyUrls: ['wss://one.example/', 'ws://two.example:8080/path'],
      seedForMs: 0,
      iceServers: [
        { urls: ['stun:stun.example'] },
        { urls: ['turn:a', 'turns:b'], username: 'u', credential: 'c' },
      ],
      relayOnly: true,
      credentials: 'include',
      headers: { 'x-own': 'yes' },
      originLoad: 'full',
      storage: 'memory',
      visitor: 'Anna_2-b',
      allowPrivateHosts: true,
      unverifiedPeers: true,
      contentType: 'text/plain',
    })
    expect(parsed.signal).toBe(signal)
  })

  it('may name one topology server without a list', () => {
    expect(parseOptions({ topology: 'wss://one.example/t' }).topologyUrls).toEqual(['wss://one.example/t'])
  })

  it('may ask of the origin what Slurpie does, whole number or not', () => {
    for (const originLoad of ['adaptive', 3, 0.5, 1e9] as const)
      expect(parseOptions({ originLoad })).toMatchObject({ originLoad })
  })

  it('hand the load of the origin on to the core', () => {
    const options = parseOptions({ originLoad: 3 })
    expect(configFor(settingOf(options, [1, 2]), null)).toMatchObject({
      limits: { originLoad: 3 },
      origins: [1, 2],
    })
  })

  it('may bound what is given, which goes to the core', () => {
    const parsed = parseOptions({ upload: { maxBytesPerSec: 50_000, maxRatio: 0 } })
    expect(parsed).toMatchObject({ maxUploadBytesPerSec: 50_000, maxUploadRatio: 0 })
    expect(parseOptions({ upload: { maxRatio: Infinity } }).maxUploadRatio).toBeNull()
    expect(configFor(settingOf(parsed, [1]), null).limits).toMatchObject({
      maxUploadBytesPerSec: 50_000,
      maxUploadRatio: 0,
    })
  })

  it('may name mirrors, each of them counting once', () => {
    const mirrors = ['https://one.example/a#part', new URL('https://two.example/a'), 'https://ONE.example/a']
    expect(parseOptions({ mirrors }).mirrors.map(({ href }) => href)).toEqual([
      'https://one.example/a',
      'https://two.example/a',
    ])
    expect(() => parseOptions({ mirrors: ['ftp://one.example/a'] })).toThrow('Only http: and https:')
  })

  it('may seed for ever, or not at all', () => {
    expect(parseOptions({ upload: { seedForMs: Infinity } }).seedForMs).toBe(Infinity)
    expect(parseOptions({ upload: {} }).seedForMs).toBe(120_000)
  })

  it.each([
    ['options', null],
    ['options', 'wss://one.example'],
    ['toplogy', { toplogy: 'wss://one.example' }],
    ['topology', { topology: 'https://one.example' }],
    ['topology', { topology: 'wss://' }],
    ['mirrors', { mirrors: 'https://one.example/a' }],
    ['mirrors', { mirrors: [7] }],
    ['mirrors', { mirrors: Array.from({ length: 9 }, (_, each) => `https://${each}.example/`) }],
    ['topology', { topology: 5 }],
    ['topology', { topology: null }],
    ['topology', { topology: ['wss://one.example', 7] }],
    ['topology', { topology: Array.from({ length: 9 }, (_, number) => `wss://${number}.example`) }],
    ['upload', { upload: 'fast' }],
    ['upload.maxRatio', { upload: { maxRatio: -1 } }],
    ['upload.maxRatio', { upload: { maxRatio: '2' } }],
    ['upload.maxBytesPerSec', { upload: { maxBytesPerSec: 0 } }],
    ['upload.maxBytesPerSec', { upload: { maxBytesPerSec: NaN } }],
    ['upload', { upload: null }],
    ['upload.speed', { upload: { speed: 1 } }],
    ['upload.seedForMs', { upload: { seedForMs: -1 } }],
    ['upload.seedForMs', { upload: { seedForMs: NaN } }],
    ['upload.seedForMs', { upload: { seedForMs: '5' } }],
    ['iceServers', { iceServers: { urls: 'stun:a' } }],
    ['iceServers', { iceServers: ['stun:a'] }],
    ['iceServers', { iceServers: [null] }],
    ['iceServers', { iceServers: [{}] }],
    ['iceServers', { iceServers: [{ urls: [] }] }],
    ['iceServers', { iceServers: [{ urls: 'https://a' }] }],
    ['iceServers', { iceServers: [{ urls: ['stun:a', 5] }] }],
    ['iceServers', { iceServers: [{ urls: 'turn:a', username: 5 }] }],
    ['iceServers', { iceServers: [{ urls: 'turn:a', credential: {} }] }],
    ['iceServers', { iceServers: Array.from({ length: 9 }, () => ({ urls: 'stun:a' })) }],
    ['relayOnly', { relayOnly: 'yes' }],
    ['relayOnly', { relayOnly: 1 }],
    ['credentials', { credentials: 'always' }],
    ['headers', { headers: 5 }],
    ['headers', { headers: { 'not a name': 'x' } }],
    ['headers', { headers: { name: 'line\nbreak' } }],
    ['originLoad', { originLoad: 'none' }],
    ['originLoad', { originLoad: 0 }],
    ['originLoad', { originLoad: -1 }],
    ['originLoad', { originLoad: NaN }],
    ['originLoad', { originLoad: Infinity }],
    ['originLoad', { originLoad: '3' }],
    ['originLoad', { originLoad: null }],
    ['originLoad', { originLoad: [3] }],
    ['storage', { storage: 'disk' }],
    ['visitor', { visitor: '' }],
    ['visitor', { visitor: 'a b' }],
    ['visitor', { visitor: 'ä' }],
    ['visitor', { visitor: 'a'.repeat(65) }],
    ['visitor', { visitor: 5 }],
    ['allowPrivateHosts', { allowPrivateHosts: 'true' }],
    ['unverifiedPeers', { unverifiedPeers: {} }],
    ['contentType', { contentType: 5 }],
    ['signal', { signal: {} }],
    ['signal', { signal: new AbortController() }],
  ])('“%s” is refused in %j', (name, options) => {
    const error = errorOf(() => parseAnything(options))
    expect(error.code).toBe('invalid-option')
    expect(error.message).toContain(`“${name}”`)
  })
})

describe('the option “integrity”', () => {
  it('is a hash of the whole file', () => {
    const { fileHash, chunkHashes } = parseOptions({ integrity: SHA256 })
    expect(fileHash?.algorithm).toBe('sha256')
    expect(chunkHashes).toBeNull()
  })

  it('is a manifest', () => {
    const { fileHash, chunkHashes } = parseAnything({ integrity: MANIFEST })
    expect(fileHash).toBeNull()
    expect(chunkHashes?.facts).toMatchObject({ sizeBytes: 10, chunkBytes: 65_536, validator: null })
  })

  it.each([
    ['an empty string', ''],
    ['a hash that nobody checks any more', 'md5-XUFAKrxLKna5cZ2REBfFkg=='],
    ['bare hex', 'a'.repeat(64)],
    ['a broken manifest', { ...MANIFEST, hashes: '' }],
    ['null', null],
    ['a number', 5],
  ])('is not %s', (_name, integrity) => {
    expect(errorOf(() => parseAnything({ integrity })).code).toBe('integrity-unsupported')
  })
})

describe('the URL', () => {
  it('is http or https', () => {
    expect(parseUrl('https://example.com/a b').href).toBe('https://example.com/a%20b')
    expect(parseUrl(new URL('http://example.com/')).href).toBe('http://example.com/')
  })

  it.each([
    '',
    '/relative',
    'example.com/a',
    'https://',
    'ftp://example.com/',
    'blob:abc',
    'data:,a',
    'javascript:1',
  ])('is not %j', (url) => {
    expect(errorOf(() => parseUrl(url)).code).toBe('invalid-url')
  })
})
