import { createHash } from 'node:crypto'

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { merkleRoot } from '../../src/integrity/merkle.ts'

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/**
 * The other way to it, bottom up with a stack (RFC 9162, 2.1.2): a leaf is pushed, and merged with what lies below it
 * as often as its number ends in ones.
 */
function rootByStack(digests: readonly Uint8Array[]): string {
  const stack: Uint8Array[] = []
  for (const [number, digest] of digests.entries()) {
    stack.push(sha256(Uint8Array.of(0), digest))
    for (let ones = number; (ones & 1) === 1; ones >>= 1) merge(stack)
  }
  while (stack.length > 1) merge(stack)
  return Buffer.from(stack[0] ?? []).toString('hex')
}

function merge(stack: Uint8Array[]): void {
  const right = stack.pop() ?? new Uint8Array()
  const left = stack.pop() ?? new Uint8Array()
  stack.push(sha256(Uint8Array.of(1), left, right))
}

function digests(count: number): Buffer[] {
  return Array.from({ length: count }, (_, chunk) => sha256(Buffer.from(`chunk ${chunk}`)))
}

describe('the Merkle root', () => {
  it('of one chunk is the hash of its leaf', () => {
    const [only = Buffer.alloc(32)] = digests(1)
    expect(merkleRoot(only)).toBe(sha256(Uint8Array.of(0), only).toString('hex'))
  })

  it('of three chunks splits after the second', () => {
    const leaves = digests(3).map((digest) => sha256(Uint8Array.of(0), digest))
    const [a = Buffer.alloc(0), b = Buffer.alloc(0), c = Buffer.alloc(0)] = leaves
    const left = sha256(Uint8Array.of(1), a, b)
    expect(merkleRoot(Buffer.concat(digests(3)))).toBe(sha256(Uint8Array.of(1), left, c).toString('hex'))
  })

  it('is the one that RFC 9162 reaches from the other end, for any number of chunks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { minLength: 1, maxLength: 70 }),
        (all) => {
          expect(merkleRoot(Buffer.concat(all))).toBe(rootByStack(all))
        },
      ),
    )
  })

  it('changes with every digest, and with their order', () => {
    const all = digests(5)
    const roots = new Set([merkleRoot(Buffer.concat(all)), merkleRoot(Buffer.concat(all.toReversed()))])
    for (const place of all.keys()) {
      const changed = all.with(place, sha256(Buffer.from('other')))
      roots.add(merkleRoot(Buffer.concat(changed)))
    }
    expect(roots.size).toBe(7)
  })

  it('does not take a node for a leaf: two chunks are not one chunk of their hashes', () => {
    const all = digests(2)
    expect(merkleRoot(sha256(...all))).not.toBe(merkleRoot(Buffer.concat(all)))
  })
})
