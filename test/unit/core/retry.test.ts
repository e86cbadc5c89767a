import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type FailureView, judgeFailure } from '../../../src/core/origin/retry.ts'
import type { RunFailure } from '../../../src/core/session-io.ts'

const FAILURES: readonly RunFailure[] = [
  'not-found',
  'forbidden',
  'cors',
  'unreachable',
  'busy',
  'range-unsatisfiable',
  'inconsistent',
  'status',
]

function view(failure: RunFailure, overrides: Partial<FailureView> = {}): FailureView {
  return {
    failure,
    attempts: 1,
    retryAfterMs: null,
    hasWorked: false,
    othersDeliver: false,
    fraction: 0.5,
    ...overrides,
  }
}

/** Failures in a row until the visitor is told. */
function attemptsAllowed(failure: RunFailure, hasWorked: boolean): number {
  for (let attempts = 1; attempts < 100; attempts++)
    if (judgeFailure(view(failure, { attempts, hasWorked })).type === 'giveUp') return attempts
  return Infinity
}

describe('after a failure of the origin', () => {
  it.each([
    { failure: 'not-found', unseen: 1, seen: 3 },
    { failure: 'forbidden', unseen: 1, seen: 3 },
    { failure: 'cors', unseen: 1, seen: 3 },
    { failure: 'unreachable', unseen: 3, seen: 9 },
    { failure: 'busy', unseen: 9, seen: 9 },
    { failure: 'status', unseen: 3, seen: 3 },
    { failure: 'inconsistent', unseen: 3, seen: 3 },
    { failure: 'range-unsatisfiable', unseen: 3, seen: 3 },
  ] as const)(
    '“$failure” ends the download at the $unseen. time, at the $seen. once the origin has worked',
    ({ failure, unseen, seen }) => {
      expect(attemptsAllowed(failure, false)).toBe(unseen)
      expect(attemptsAllowed(failure, true)).toBe(seen)
    },
  )

  it('nobody gives up while neighbours deliver', () => {
    for (const failure of FAILURES)
      expect(judgeFailure(view(failure, { attempts: 1000, othersDeliver: true })).type).toBe('retry')
  })

  it.each([
    { attempts: 1, pauseMs: 500 },
    { attempts: 2, pauseMs: 1000 },
    { attempts: 3, pauseMs: 2000 },
    { attempts: 7, pauseMs: 30_000 },
    { attempts: 8, pauseMs: 30_000 },
    { attempts: 5000, pauseMs: 30_000 },
  ])('the $attempts. pause is $pauseMs ms, give or take half', ({ attempts, pauseMs }) => {
    const pause = (fraction: number): unknown =>
      judgeFailure(view('unreachable', { attempts, fraction, othersDeliver: true }))
    expect(pause(0)).toEqual({ type: 'retry', afterMs: pauseMs / 2 })
    expect(pause(0.5)).toEqual({ type: 'retry', afterMs: pauseMs })
    expect(pause(1)).toEqual({ type: 'retry', afterMs: pauseMs * 1.5 })
  })

  it('Retry-After is waited out in full', () => {
    fc.assert(
      fc.property(
        fc.nat(120_000),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (retryAfterMs, fraction) => {
          const verdict = judgeFailure(view('busy', { retryAfterMs, fraction }))
          expect(verdict.type).toBe('retry')
          if (verdict.type === 'retry') expect(verdict.afterMs).toBeGreaterThanOrEqual(retryAfterMs)
        },
      ),
    )
  })

  it('a Retry-After of more than two minutes ends the download, unless neighbours deliver', () => {
    expect(judgeFailure(view('busy', { retryAfterMs: 120_000 })).type).toBe('retry')
    expect(judgeFailure(view('busy', { retryAfterMs: 120_001 })).type).toBe('giveUp')
    expect(judgeFailure(view('busy', { retryAfterMs: 120_001, othersDeliver: true })).type).toBe('retry')
  })

  it('those who were told the same time do not all come back at once', () => {
    const returns = [0.1, 0.9].map((fraction) =>
      judgeFailure(view('busy', { retryAfterMs: 10_000, fraction })),
    )
    expect(returns[0]).not.toEqual(returns[1])
  })
})
