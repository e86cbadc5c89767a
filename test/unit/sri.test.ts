import { createHash } from 'node:crypto'

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { parseSri } from '../../src/integrity/sri.ts'

const FILE = Buffer.from("alert('Hello, world.');")

function digestOf(algorithm: string, content: Uint8Array = FILE): Buffer {
  return createHash(algorithm).update(content).digest()
}

function sri(algorithm: string, content: Uint8Array = FILE): string {
  return `${algorithm}-${digestOf(algorithm, content).toString('base64')}`
}

describe('integrity metadata', () => {
  it('is read as the W3C’s example gives it', () => {
    const hash = parseSri('sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO')
    expect(hash?.algorithm).toBe('sha384')
    expect(hash?.matches(digestOf('sha384'))).toBe(true)
  })

  it.each(['sha256', 'sha384', 'sha512'])('of %s matches its own digest and no other', (algorithm) => {
    const hash = parseSri(sri(algorithm))
    expect(hash?.algorithm).toBe(algorithm)
    expect(hash?.matches(digestOf(algorithm))).toBe(true)
    fc.assert(
      fc.property(fc.nat(31), fc.integer({ min: 1, max: 255 }), (place, flip) => {
        const other = Uint8Array.from(digestOf(algorithm))
        other[place] = (other[place] ?? 0) ^ flip
        expect(hash?.matches(other)).toBe(false)
      }),
    )
  })

  it('never matches a digest of another length', () => {
    const hash = parseSri(sri('sha256'))
    expect(hash?.matches(new Uint8Array(0))).toBe(false)
    expect(hash?.matches(digestOf('sha256').subarray(0, 31))).toBe(false)
    expect(hash?.matches(digestOf('sha512'))).toBe(false)
  })

  it('counts by its strongest algorithm', () => {
    const other = Buffer.from('other')
    const hash = parseSri(`${sri('sha256')} ${sri('sha512', other)} ${sri('sha384')}`)
    expect(hash?.algorithm).toBe('sha512')
    expect(hash?.matches(digestOf('sha512', other))).toBe(true)
    expect(hash?.matches(digestOf('sha512'))).toBe(false)
  })

  it('matches by any one of several hashes of the same strength', () => {
    const other = Buffer.from('other')
    const hash = parseSri(`${sri('sha256', other)}\n\t${sri('sha256')}`)
    expect(hash?.matches(digestOf('sha256'))).toBe(true)
    expect(hash?.matches(digestOf('sha256', other))).toBe(true)
    expect(hash?.matches(digestOf('sha256', Buffer.from('third')))).toBe(false)
  })

  it('may carry options, spaces around it, URL-safe letters and no padding', () => {
    const urlSafe = sri('sha256').replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
    for (const metadata of [`${sri('sha256')}?ct=text/plain`, `  ${sri('sha256')} `, urlSafe])
      expect(parseSri(metadata)?.matches(digestOf('sha256'))).toBe(true)
  })

  it('with something unknown in it counts by what is known', () => {
    expect(parseSri(`md5-abc sha1-def sha3-ghi ${sri('sha256')}`)?.algorithm).toBe('sha256')
  })

  it.each([
    '',
    '   ',
    'sha256',
    'sha256-',
    'sha256-AAAA',
    'md5-XUFAKrxLKna5cZ2REBfFkg==',
    'SHA256=abc',
    `sha256-${'A'.repeat(43)}!`,
    `sha512-${digestOf('sha256').toString('base64')}`,
    `sha256-${'A'.repeat(5000)}`,
    `${' '.repeat(5000)}${sri('sha256')}`,
  ])('%j can be checked by nothing', (metadata) => {
    expect(parseSri(metadata)).toBeNull()
  })

  it('of any form at all does not throw', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (metadata) => {
        const parsed = parseSri(`sha256-${metadata}`)
        expect(parsed === null || parsed.algorithm === 'sha256').toBe(true)
      }),
      { numRuns: 50 },
    )
  })
})
