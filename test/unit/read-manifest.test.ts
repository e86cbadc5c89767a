import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { readManifest } from '../../src/integrity/manifest.ts'
import { merkleRoot } from '../../src/integrity/merkle.ts'

const KIB = 1024
const DIGESTS = Uint8Array.from({ length: 3 * 32 }, (_, place) => place)

const MANIFEST = {
  version: 1,
  sizeBytes: 130 * KIB,
  chunkBytes: 64 * KIB,
  hashes: Buffer.from(DIGESTS).toString('base64'),
}

describe('a manifest', () => {
  it('gives the file’s facts, its root and every chunk’s digest', () => {
    const read = readManifest({ ...MANIFEST, sha256: 'sha256-…' })
    expect(read).toEqual({
      facts: { sizeBytes: 130 * KIB, chunkBytes: 64 * KIB, validator: null, root: merkleRoot(DIGESTS) },
      digests: DIGESTS,
    })
  })

  it('of an empty file has no chunks and no root', () => {
    expect(readManifest({ version: 1, sizeBytes: 0, chunkBytes: 64 * KIB, hashes: '' })).toEqual({
      facts: { sizeBytes: 0, chunkBytes: 64 * KIB, validator: null, root: null },
      digests: new Uint8Array(0),
    })
  })

  it.each([
    ['chunks of 16 KiB', 16 * KIB],
    ['chunks of 16 MiB', 16 * KIB * KIB],
    ['chunks of no power of two', 100_000],
  ])('may have %s', (_name, chunkBytes) => {
    const hashes = Buffer.alloc(Math.ceil(MANIFEST.sizeBytes / chunkBytes) * 32).toString('base64')
    expect(readManifest({ ...MANIFEST, chunkBytes, hashes })).toMatchObject({ facts: { chunkBytes } })
  })

  it.each([
    ['is no object', 'sha256'],
    ['is null', null],
    ['is of another version', { ...MANIFEST, version: 2 }],
    ['has no version', { ...MANIFEST, version: undefined }],
    ['has a negative size', { ...MANIFEST, sizeBytes: -1 }],
    ['has half a byte', { ...MANIFEST, sizeBytes: 0.5 }],
    ['has a size in words', { ...MANIFEST, sizeBytes: '133120' }],
    ['is of a file beyond 1 TiB', { ...MANIFEST, sizeBytes: 2 ** 40 + 1, chunkBytes: 2 ** 24 }],
    ['has smaller chunks than 16 KiB', { ...MANIFEST, chunkBytes: 16 * KIB - 1 }],
    ['has larger chunks than 16 MiB', { ...MANIFEST, chunkBytes: 16 * KIB * KIB + 1 }],
    ['lacks the last hash', { ...MANIFEST, hashes: Buffer.alloc(64).toString('base64') }],
    ['has a hash too many', { ...MANIFEST, hashes: Buffer.alloc(128).toString('base64') }],
    ['has hashes that are not base64', { ...MANIFEST, hashes: '!'.repeat(128) }],
    ['has no hashes', { ...MANIFEST, hashes: undefined }],
    ['has a list of hashes', { ...MANIFEST, hashes: ['a', 'b', 'c'] }],
  ])('that %s is refused with a sentence', (_name, manifest) => {
    const sentence = readManifest(manifest)
    expect(sentence).toBeTypeOf('string')
    expect(sentence).toMatch(/^[A-Z].*\.$/)
  })

  it('may have 1,048,576 chunks and no more', () => {
    const largest = { ...MANIFEST, sizeBytes: 16 * KIB * 1_048_576, chunkBytes: 16 * KIB }
    expect(readManifest(largest)).toMatch(/hashes/)
    expect(readManifest({ ...largest, sizeBytes: largest.sizeBytes + 1 })).toMatch(/too many chunks/)
  })

  it('of any form at all does not throw', () => {
    const fields = fc.record(
      { version: fc.anything(), sizeBytes: fc.anything(), chunkBytes: fc.anything(), hashes: fc.anything() },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fields), (manifest) => {
        expect(['string', 'object']).toContain(typeof readManifest(manifest))
      }),
    )
  })
})
