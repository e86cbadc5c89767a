import { readdirSync } from 'node:fs'

import { describe, expect, it } from 'vitest'

import { allTopics, scenariosNamed } from '../../simulator/catalogue.ts'

/** From Mb/s to bytes a second. */
const mbps = (rate: number): number => rate * 125_000

describe('the catalogue', () => {
  it('holds every scenario file there is', () => {
    const files = readdirSync('simulator/scenarios').map((file) => file.replace(/\.json$/, ''))
    expect(
      allTopics()
        .map(({ name }) => name)
        .sort(),
    ).toStrictEqual(files.sort())
  })

  it('gives a topic, one scenario of it, or nothing', () => {
    expect(scenariosNamed('mesh')).toHaveLength(21)
    expect(scenariosNamed('mesh/calm-n300')).toMatchObject([
      { scenario: { name: 'mesh/calm-n300', peers: 300 } },
    ])
    expect(scenariosNamed('mesh/none')).toBeNull()
    expect(scenariosNamed('mes')).toBeNull()
    expect(scenariosNamed('mesh/')).toBeNull()
  })

  it('has Slurpie’s local network', () => {
    expect(scenariosNamed('slurpie-lan/at-once')).toMatchObject([
      {
        policy: 'both',
        scenario: {
          peers: 48,
          sizeBytes: 100e6,
          origin: { upBytesPerSec: mbps(10) },
          links: [{ upBytesPerSec: mbps(100), downBytesPerSec: mbps(100) }],
          latency: { rttMs: [2, 2] },
        },
      },
    ])
    expect(scenariosNamed('slurpie-lan/staggered-leave')).toMatchObject([
      { scenario: { arrivals: { kind: 'staggered', everyMs: 3000 }, departure: { kind: 'leave' } } },
    ])
  })

  it('has a flash crowd of ten thousand', () => {
    expect(scenariosNamed('flash-crowd/alike-n10000')).toMatchObject([
      { scenario: { peers: 10_000, sizeBytes: 1e9, origin: { upBytesPerSec: mbps(200) } } },
    ])
    const [residential] = scenariosNamed('flash-crowd/residential-n10000') ?? []
    const shares = residential?.scenario.links.map(({ share }) => share) ?? []
    expect(shares.reduce((total, share) => total + share, 0)).toBeCloseTo(1, 9)
  })

  it('has the grid of the promise “never worse”, both ways of arriving', () => {
    const grid = scenariosNamed('never-worse') ?? []
    expect(grid).toHaveLength(2 * 144)
    expect(
      grid.every(({ policy, expect: bounds }) => policy === 'both' && bounds.maxLastToPlain === 1.05),
    ).toBe(true)
    expect(scenariosNamed('never-worse/poisson-n8-origin10-up1-rtt50')).toMatchObject([
      {
        scenario: {
          peers: 8,
          origin: { upBytesPerSec: mbps(10) },
          links: [{ upBytesPerSec: mbps(1), downBytesPerSec: mbps(100) }],
          latency: { rttMs: [50, 50] },
          // 8 × 800 Mb by 10 Mb/s are 640 s.
          arrivals: { kind: 'poisson', meanMs: 80_000 },
        },
      },
    ])
    // Two at an origin of 1 Gb/s would be served in 1.6 s: they come within 8 s all the same.
    expect(
      scenariosNamed('never-worse/poisson-n2-origin1000-up1-rtt5')?.[0]?.scenario.arrivals,
    ).toStrictEqual({
      kind: 'poisson',
      meanMs: 4_000,
    })
  })
})
