import { describe, expect, it } from 'vitest'

import { helpFor } from '../../../src/core/origin/split-run.ts'

const SLOW = { chunks: 10, partShare: 0, secPerChunk: 1 }

describe('help for another origin', () => {
  it('takes over so much of the end that both are done together', () => {
    expect(helpFor(SLOW, { secPerChunk: 1, delaySec: 0 })).toEqual({ type: 'take', chunks: 5, savedSec: 5 })
    // Four times as fast: four fifths of it.
    expect(helpFor(SLOW, { secPerChunk: 0.25, delaySec: 0 })).toEqual({
      type: 'take',
      chunks: 8,
      savedSec: 8,
    })
  })

  it('takes less where its first byte will be long in coming', () => {
    expect(helpFor(SLOW, { secPerChunk: 1, delaySec: 2 })).toEqual({ type: 'take', chunks: 4, savedSec: 4 })
  })

  it('counts what is here of the chunk that is being received', () => {
    const run = { chunks: 3, partShare: 0.9, secPerChunk: 1 }
    expect(helpFor(run, { secPerChunk: 1, delaySec: 0 })).toMatchObject({ type: 'take', chunks: 1 })
  })

  it('is not given where another request costs as much as it saves', () => {
    expect(helpFor({ ...SLOW, chunks: 2 }, { secPerChunk: 1, delaySec: 0.9 })).toBeNull()
  })

  it('never takes the chunk that is being received away, but races for it where that is clearly quicker', () => {
    const last = { chunks: 1, partShare: 0, secPerChunk: 1 }
    expect(helpFor(last, { secPerChunk: 0.2, delaySec: 0.1 })).toMatchObject({ type: 'race' })
    expect(helpFor(last, { secPerChunk: 0.75, delaySec: 0.1 })).toBeNull()
    expect(helpFor({ ...last, partShare: 0.9 }, { secPerChunk: 0.2, delaySec: 0 })).toBeNull()
  })

  it('is given to one that has fallen silent', () => {
    expect(helpFor({ ...SLOW, secPerChunk: Infinity }, { secPerChunk: 1, delaySec: 0 })).toBeNull()
    expect(helpFor({ ...SLOW, secPerChunk: 1000 }, { secPerChunk: 1, delaySec: 0 })).toMatchObject({
      type: 'take',
      chunks: 9,
    })
  })

  it('leaves it what it can bring until all are done', () => {
    const idle = { secPerChunk: 0.25, delaySec: 0 }
    expect(helpFor(SLOW, idle, 4)).toMatchObject({ type: 'take', chunks: 6 })
    expect(helpFor(SLOW, idle, 1)).toMatchObject({ type: 'take', chunks: 8 })
  })
})
