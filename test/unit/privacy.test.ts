import { createHash } from 'node:crypto'

import { describe, expect, it } from 'vitest'

import { createHasher } from '../../src/browser/hasher.ts'
import { isPrivateHost, locatorOf, originTagOf, privateReason } from '../../src/privacy.ts'

const hasher = createHasher()

function reason(url: string, overrides: Partial<Parameters<typeof privateReason>[1]> = {}): string | null {
  return privateReason(new URL(url), {
    hasCredentials: false,
    hasHeaders: false,
    allowPrivateHosts: false,
    pageHost: 'www.example.com',
    ...overrides,
  })
}

describe('a file may be swarmed', () => {
  it.each([
    'https://example.com/file.iso',
    'http://example.com:8080/file.iso',
    'https://example.com/file.iso?version=24.04&arch=amd64&tokens=3',
    'https://example.com/token/sig/file.iso#signature=1',
    'https://cdn.example.co.uk./file.iso',
    'https://8.8.8.8/file.iso',
    'https://[2606:4700::6810:84e5]/file.iso',
    'https://bücher.example/file.iso',
  ])('at %s', (url) => {
    expect(reason(url)).toBeNull()
  })
})

describe('a file stays between its origin and the visitor', () => {
  it('if it is requested with credentials or headers', () => {
    expect(reason('https://example.com/a', { hasCredentials: true })).toMatch(/credentials/)
    expect(reason('https://example.com/a', { hasHeaders: true })).toMatch(/headers/)
  })

  it.each([
    'https://anna@example.com/a',
    'https://anna:secret@example.com/a',
    'https://:secret@example.com/a',
  ])('if its URL names a user: %s', (url) => {
    expect(reason(url)).toMatch(/user/)
  })

  it.each([
    'X-Amz-Signature=abc',
    'x-amz-signature=abc',
    'X-Amz-Credential=abc',
    'X-Amz-Security-Token=abc',
    'X-Goog-Signature=abc',
    'Signature=abc&Expires=1&Key-Pair-Id=2',
    'Expires=1',
    'Policy=abc',
    'AWSAccessKeyId=abc',
    'GoogleAccessId=abc',
    'sv=2022&sig=abc',
    'hdnea=abc',
    'hmac=abc',
    'token=abc',
    'access_token=abc',
    'api_key=abc',
    'jwt=abc',
    'session=abc',
    'password=abc',
    'TOKEN',
    'version=1&%74oken=abc',
  ])('if its URL is signed: ?%s', (query) => {
    expect(reason(`https://example.com/file.iso?${query}`)).toMatch(/signed/)
  })

  it('if its host is not public, unless the page says so or is on such a host itself', () => {
    const url = 'http://192.168.1.10/file.iso'
    expect(reason(url)).toMatch(/host/)
    expect(reason(url, { pageHost: null })).toMatch(/host/)
    expect(reason(url, { allowPrivateHosts: true })).toBeNull()
    expect(reason(url, { pageHost: 'localhost' })).toBeNull()
  })

  it('if it is signed, whatever is allowed of hosts', () => {
    expect(reason('http://localhost/a?token=1', { allowPrivateHosts: true, pageHost: 'localhost' })).toMatch(
      /signed/,
    )
  })

  it('for a reason that does not repeat the secret', () => {
    for (const url of ['https://anna:geheim@example.com/', 'https://example.com/?token=geheim'])
      expect(reason(url)).not.toMatch(/geheim/)
  })
})

describe('a host that is not public', () => {
  it.each([
    'localhost',
    'LOCALHOST',
    'localhost.',
    'app.localhost',
    'intranet',
    'nas',
    'printer.local',
    'printer.local.',
    'router.home.arpa',
    'git.corp',
    'db.internal',
    'box.lan',
    'wiki.intranet',
    'unit.test',
    '0.0.0.0',
    '10.0.0.1',
    '10.255.255.255',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '127.8.8.8',
    '169.254.1.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '[::]',
    '[::1]',
    '[fc00::1]',
    '[fd12:3456::1]',
    '[fe80::1]',
    '[febf::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:10.0.0.1]',
    '[::ffff:192.168.1.1]',
  ])('is %s', (host) => {
    expect(isPrivateHost(new URL(`http://${host}/`).hostname)).toBe(true)
  })

  it.each(['0x7f000001', '2130706433', '127.1', '0177.0.0.1'])(
    'is 127.0.0.1, however it is written: %s',
    (host) => {
      expect(isPrivateHost(new URL(`http://${host}/`).hostname)).toBe(true)
    },
  )

  it.each([
    'example.com',
    'localhost.example.com',
    'mylocal.com',
    'lan.example',
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.1',
    '100.63.255.255',
    '100.128.0.1',
    '126.255.255.255',
    '128.0.0.1',
    '169.253.1.1',
    '172.15.255.255',
    '172.32.0.1',
    '192.167.1.1',
    '192.169.1.1',
    '223.255.255.255',
    '[2001:4860:4860::8888]',
    '[::ffff:8.8.8.8]',
    '[fbff::1]',
  ])('is not %s', (host) => {
    expect(isPrivateHost(new URL(`http://${host}/`).hostname)).toBe(false)
  })
})

describe('the locator', () => {
  it('is the SHA-256 of its version and the URL', async () => {
    const expected = createHash('sha256')
      .update('swarmfetch-1\nhttps://example.com/file.iso?a=1')
      .digest('hex')
    expect(await locatorOf(new URL('https://example.com/file.iso?a=1'), hasher)).toBe(expected)
  })

  it('is the same with and without a fragment', async () => {
    const plain = await locatorOf(new URL('https://example.com/a?b=c'), hasher)
    for (const fragment of ['#', '#part', '#?b=d'])
      expect(await locatorOf(new URL(`https://example.com/a?b=c${fragment}`), hasher)).toBe(plain)
  })

  it('is the same for the same URL written differently', async () => {
    expect(await locatorOf(new URL('HTTPS://Example.COM:443/x/../a'), hasher)).toBe(
      await locatorOf(new URL('https://example.com/a'), hasher),
    )
  })

  it('differs where anything but the fragment does', async () => {
    const urls = [
      'https://example.com/a?b=c',
      'http://example.com/a?b=c',
      'https://example.org/a?b=c',
      'https://example.com:8443/a?b=c',
      'https://example.com/A?b=c',
      'https://example.com/a?b=C',
      'https://example.com/a?b=c&',
      'https://example.com/a/?b=c',
      'https://example.com/a',
    ]
    const locators = await Promise.all(urls.map((url) => locatorOf(new URL(url), hasher)))
    expect(new Set(locators).size).toBe(urls.length)
  })

  it('leaves the URL it was made from alone', async () => {
    const url = new URL('https://example.com/a#part')
    await locatorOf(url, hasher)
    expect(url.href).toBe('https://example.com/a#part')
  })

  it('is 64 hex digits: nothing of the URL shows', async () => {
    for (const url of [
      'https://example.com/',
      `https://example.com/${'a'.repeat(64)}`,
      'http://[::1]/?q=1#x',
    ])
      expect(await locatorOf(new URL(url), hasher)).toMatch(/^[0-9a-f]{64}$/)
    expect(await locatorOf(new URL(`https://example.com/${'a'.repeat(64)}`), hasher)).not.toContain(
      'aaaaaaaa',
    )
  })
})

describe('the tag of an origin', () => {
  it('is the same however the URL is written, and tells swarms and origins apart', async () => {
    const mirror = new URL('https://mirror.example/a')
    const [one, other] = [new URL('https://one.example/a'), new URL('https://other.example/a')]
    const [here, there] = [await locatorOf(one, hasher), await locatorOf(other, hasher)]
    const tag = await originTagOf(mirror, here, hasher)
    expect(await originTagOf(new URL('HTTPS://mirror.example:443/a#part'), here, hasher)).toBe(tag)
    const others = [await originTagOf(mirror, there, hasher), await originTagOf(one, here, hasher)]
    expect(others).not.toContain(tag)
    expect(Number.isInteger(tag) && tag >= 0 && tag < 2 ** 32).toBe(true)
  })
})
