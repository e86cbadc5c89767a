/**
 * What every `Hasher` does. Expected digests are the test vectors of FIPS 180-4 ("abc", and a million times "a" from
 * NIST's examples) and those of the empty message.
 */

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { FileHashAlgorithm, Hasher } from '../../src/ports.ts'
import { makeSampleFile } from '../../testbed/sample-file.ts'

const ALGORITHMS: readonly FileHashAlgorithm[] = ['sha256', 'sha384', 'sha512']

/** Of a file so long, the hash may be taken in a thread. */
export const LONG_BYTES: number = 2 ** 30

export const SHA256_OF_ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

const VECTORS: readonly [FileHashAlgorithm, string, string][] = [
  ['sha256', '', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['sha256', 'abc', SHA256_OF_ABC],
  ['sha256', 'a'.repeat(1e6), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
  [
    'sha384',
    'abc',
    'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
  ],
  [
    'sha512',
    'abc',
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  ],
]

export function hasherContract(name: string, createHasher: () => Hasher): void {
  describe(name, () => {
    test('knows the SHA-256 of a chunk', async () => {
      expect(toHex(await createHasher().digest(bytesOf('abc')))).toBe(SHA256_OF_ABC)
    })

    test('hashes just the part of a buffer that it was given', async () => {
      const padded = bytesOf('--abc--')
      expect(toHex(await createHasher().digest(padded.subarray(2, 5)))).toBe(SHA256_OF_ABC)
    })

    test.each(VECTORS)('knows the %s of a file (%.8s)', async (algorithm, text, expected) => {
      const hash = await createHasher().createFileHash(algorithm, LONG_BYTES)
      await hash.update(bytesOf(text))
      expect(toHex(await hash.digest())).toBe(expected)
    })

    test.each(ALGORITHMS)('gives a file the same %s however it is cut', async (algorithm) => {
      const file = makeSampleFile(70_000, 3)
      const whole = await createHasher().createFileHash(algorithm, LONG_BYTES)
      await whole.update(file)
      const expected = toHex(await whole.digest())
      const cuts = fc.array(fc.nat({ max: file.byteLength }), { maxLength: 20 })
      await fc.assert(
        fc.asyncProperty(cuts, async (unsorted) => {
          const hash = await createHasher().createFileHash(algorithm, LONG_BYTES)
          const places = [0, ...unsorted.toSorted((one, other) => one - other), file.byteLength]
          for (const [at, place] of places.entries()) await hash.update(file.subarray(place, places[at + 1]))
          expect(toHex(await hash.digest())).toBe(expected)
        }),
        { numRuns: 20 },
      )
    })

    test('runs several hashes at once without mixing them', async () => {
      const hasher = createHasher()
      const one = await hasher.createFileHash('sha256', LONG_BYTES)
      const other = await hasher.createFileHash('sha256', LONG_BYTES)
      await one.update(bytesOf('a'))
      await other.update(bytesOf('x'))
      await one.update(bytesOf('bc'))
      expect(toHex(await one.digest())).toBe(SHA256_OF_ABC)
      expect(toHex(await other.digest())).not.toBe(SHA256_OF_ABC)
    })

    test('takes nothing more once a hash has ended', async () => {
      const hash = await createHasher().createFileHash('sha256', LONG_BYTES)
      await hash.digest()
      await expect(hash.update(bytesOf('abc'))).rejects.toThrow(/./)
      hash.close()
    })

    test('takes nothing more once a hash was closed', async () => {
      const hash = await createHasher().createFileHash('sha256', LONG_BYTES)
      await hash.update(bytesOf('a'))
      hash.close()
      await expect(hash.update(bytesOf('bc'))).rejects.toThrow(/./)
      await expect(hash.digest()).rejects.toThrow(/./)
    })
  })
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
