import { describe, expect, test } from 'vitest'

import { bytes, count, duration, percent, rate, sentence, sources, stateWord } from '../../demo/words.ts'
import type { DownloadStats, DownloadState } from '../../src/index.ts'

const STATS: DownloadStats = {
  sizeBytes: 20e6,
  completedBytes: 0,
  bytesFromOrigin: 0,
  bytesByOrigin: [],
  bytesFromPeers: 0,
  bytesUploaded: 0,
  originRateBytesPerSec: 0,
  peerRateBytesPerSec: 0,
  uploadRateBytesPerSec: 0,
  etaMs: null,
  swarmSize: 1,
  elapsedMs: 0,
  storage: null,
  neighbours: [],
}

describe('numbers', () => {
  test.each([
    [0, '0 MB'],
    [1, '1 kB'],
    [999_400, '999 kB'],
    [1e6, '1.0 MB'],
    [12_649_999, '12.6 MB'],
    [99_949_999, '99.9 MB'],
    [99_950_000, '100 MB'],
    [4.7e9, '4.70 GB'],
  ])('%i bytes read %s', (number, text) => {
    expect(bytes(number)).toBe(text)
  })

  test('no size reads as 1000 kB or 1000 MB', () => {
    expect(bytes(999_999)).toBe('1.0 MB')
    expect(bytes(999_999_999)).toBe('1.00 GB')
  })

  test.each([
    [1, '1 s'],
    [59_400, '59 s'],
    [60_000, '1 min 0 s'],
    [119_700, '2 min 0 s'],
    [3_725_000, '1 h 2 min'],
  ])('%i ms read %s', (ms, text) => {
    expect(duration(ms)).toBe(text)
  })

  test('a trickle is called idle', () => {
    expect(rate(400)).toBe('idle')
    expect(rate(1.25e6)).toBe('1.3 MB/s')
  })

  test('percentages stay between 0 and 100 and do not round up to done', () => {
    expect([percent(999, 1_000), percent(1_001, 1_000), percent(-1, 10), percent(1, 0)]).toEqual([
      99, 100, 0, 0,
    ])
  })

  test('one visitor, two visitors', () => {
    expect([count(0, 'visitor'), count(1, 'visitor'), count(2, 'visitor')]).toEqual([
      '0 visitors',
      '1 visitor',
      '2 visitors',
    ])
  })
})

describe('sources()', () => {
  test('what neither origin nor peers sent was kept from an earlier visit', () => {
    const stats = { ...STATS, completedBytes: 10, bytesFromOrigin: 3, bytesFromPeers: 2 }
    expect(sources(stats)).toEqual({ kept: 5, origin: 3, peers: 2 })
  })

  test('bytes that came twice are scaled away, so that the bar never overflows', () => {
    const { kept, origin, peers } = sources({
      ...STATS,
      completedBytes: 10,
      bytesFromOrigin: 10,
      bytesByOrigin: [],
      bytesFromPeers: 10,
    })
    expect([kept, origin, peers]).toEqual([0, 5, 5])
  })
})

describe('sentence()', () => {
  const STATES: readonly (DownloadState | 'idle' | 'cancelled')[] = [
    'idle',
    'starting',
    'downloading',
    'paused',
    'verifying',
    'complete',
    'cancelled',
    'failed',
  ]

  test.each(STATES)('%s has a word and a sentence of its own', (state) => {
    expect(stateWord(state)).toMatch(/^[A-Z][a-z]+$/)
    const said = sentence({ state, stats: STATS, verified: false })
    expect(said).toMatch(/[.…]$/)
    const others = STATES.filter((other) => other !== state)
    expect(others.map((other) => sentence({ state: other, stats: STATS, verified: false }))).not.toContain(
      said,
    )
  })

  test('says who gave what, and whether that was verified', () => {
    const stats = { ...STATS, completedBytes: 4e6, bytesFromOrigin: 1e6, bytesFromPeers: 3e6 }
    expect(sentence({ state: 'complete', stats, verified: 'file' })).toContain('verified')
    expect(sentence({ state: 'complete', stats, verified: 'file' })).toContain('75% of it')
    expect(sentence({ state: 'complete', stats, verified: false })).not.toContain('verified')
  })

  test('does not thank the origin for what an earlier visit left', () => {
    const stats = { ...STATS, completedBytes: 10e6, bytesFromOrigin: 1e6 }
    const said = sentence({ state: 'complete', stats, verified: 'file' })
    expect(said).toContain('earlier visit')
    expect(said).not.toContain('origin')
  })

  test('does not change with every neighbour or byte: screen readers would read it again', () => {
    const neighbour = { id: 'a', bytesReceived: 1, bytesSent: 1, chunksHeld: 1, connectedForMs: 1 }
    const few = sentence({
      state: 'downloading',
      stats: { ...STATS, neighbours: [neighbour] },
      verified: false,
    })
    const many = sentence({
      state: 'downloading',
      stats: { ...STATS, completedBytes: 5e6, neighbours: [neighbour, neighbour] },
      verified: false,
    })
    expect(many).toBe(few)
  })
})
