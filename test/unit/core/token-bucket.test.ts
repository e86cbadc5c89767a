import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { TokenBucket } from '../../../src/core/token-bucket.ts'
import { range } from './shapes.ts'

const LIMITS = { burst: 20, ratePerSec: 5 }

function takeAll(bucket: TokenBucket, nowMs: number): number {
  return range(0, 1000).filter(() => bucket.take(nowMs)).length
}

describe('a token bucket', () => {
  it('starts full, refills at its rate, and holds no more than its burst', () => {
    const bucket = new TokenBucket(LIMITS, 0)
    expect(takeAll(bucket, 0)).toBe(20)
    expect(takeAll(bucket, 199)).toBe(0)
    expect(takeAll(bucket, 200)).toBe(1)
    expect(takeAll(bucket, 1200)).toBe(5)
    expect(takeAll(bucket, 1_000_000)).toBe(20)
  })

  it('gives nothing back when a clock goes backwards', () => {
    const bucket = new TokenBucket(LIMITS, 10_000)
    expect(takeAll(bucket, 10_000)).toBe(20)
    expect(takeAll(bucket, 0)).toBe(0)
    expect(takeAll(bucket, 10_000)).toBe(0)
    expect(takeAll(bucket, 11_000)).toBe(5)
  })

  it('never gives more than its burst and its rate, whenever it is asked', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3000), { maxLength: 200 }), (pauses) => {
        const bucket = new TokenBucket(LIMITS, 0)
        let nowMs = 0
        let taken = 0
        for (const pauseMs of pauses) {
          nowMs += pauseMs
          if (bucket.take(nowMs)) taken++
          expect(taken).toBeLessThanOrEqual(20 + (nowMs * 5) / 1000)
        }
      }),
    )
  })
})
