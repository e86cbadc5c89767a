import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { ScenarioError } from '../../simulator/fields.ts'
import { MAX_PEERS } from '../../simulator/parse-scenario.ts'
import { MAX_SCENARIOS, parseScenarioFile } from '../../simulator/scenario-file.ts'
import { MAX_CHUNKS, MIN_CHUNK_BYTES } from '../../src/core/wire/limits.ts'

const LINK = { name: 'lan', share: 1, upBytesPerSec: 1e6, downBytesPerSec: 2e6 }

/** With every field that there is. */
const FULL = {
  name: 'full',
  seed: 7,
  peers: 48,
  sizeBytes: 10_000_000,
  chunkBytes: 65_536,
  origin: { upBytesPerSec: 1e6, maxConnections: 20, maxBytesPerSecPerConnection: 5e5, http: 'h2' },
  links: [LINK, { ...LINK, name: 'dsl', share: 0.5 }],
  latency: { rttMs: [20, 80], jitterShare: 0.1 },
  arrivals: { kind: 'flash', share: 0.5, withinMs: 1000, restMeanMs: 50 },
  departure: { kind: 'linger', ms: 5000, exact: true },
  trouble: {
    churn: { fromMs: 0, untilMs: 60_000, everyMs: 1000, share: 0.01 },
    topologyOutages: [
      { fromMs: 0, untilMs: 10 },
      { fromMs: 5000, untilMs: null },
    ],
    withoutPeersShare: 0.1,
    withoutTopologyShare: 0.2,
    pollutersShare: 0.3,
  },
  limits: {
    seats: 3,
    neighbours: 12,
    topologyPatienceMs: 0,
    rewireMs: 20_000,
    originLoad: 3,
    groupSizeBy: 'maxHop',
  },
  without: ['rarestFirst', 'claims'],
  maxMs: 3_600_000,
  untilMs: 60_000,
  courseEveryMs: 1000,
}

function only(file: unknown): ReturnType<typeof parseScenarioFile>[number] {
  const cases = parseScenarioFile(file)
  expect(cases).toHaveLength(1)
  const [one] = cases
  if (one === undefined) throw new Error('There is none.')
  return one
}

describe('a scenario', () => {
  it('is read as it is written', () => {
    expect(only(FULL)).toStrictEqual({
      scenario: FULL,
      policy: 'swarm',
      expect: {},
      lookEveryMs: null,
    })
  })

  it.each([
    { kind: 'atOnce' },
    { kind: 'staggered', everyMs: 3000 },
    { kind: 'poisson', meanMs: 20 },
    { kind: 'decaying', meanMs: 20 },
    { kind: 'phases', phases: [{ forMs: 1000, everyMeanMs: 20 }] },
  ])('has arrivals of every kind: $kind', (arrivals) => {
    expect(only({ ...FULL, arrivals }).scenario.arrivals).toStrictEqual(arrivals)
  })

  it.each([{ kind: 'stay' }, { kind: 'leave' }, { kind: 'linger', ms: 10 }])(
    'has departures of every kind: $kind',
    (departure) => {
      expect(only({ ...FULL, departure }).scenario.departure).toStrictEqual(departure)
    },
  )

  it('may have peers arrive as fast as the origin alone could serve them', () => {
    const arrivals = { kind: 'poissonAsServed', leastSpanMs: 8000 }
    // 48 × 10 MB by 1 MB/s are 480 s; 48 × 0.1 MB would be 4.8 s, so that 8 s count.
    expect(only({ ...FULL, arrivals }).scenario.arrivals).toStrictEqual({ kind: 'poisson', meanMs: 10_000 })
    expect(only({ ...FULL, arrivals, sizeBytes: 100_000 }).scenario.arrivals).toStrictEqual({
      kind: 'poisson',
      meanMs: 8000 / 48,
    })
  })

  it('says how often its mesh is looked at', () => {
    expect(only({ ...FULL, lookEveryMs: 5000 }).lookEveryMs).toBe(5000)
  })

  it('may leave the number of seats to the server', () => {
    expect(only({ ...FULL, limits: { seats: null } }).scenario.limits).toStrictEqual({ seats: null })
  })

  it('names its policy and its expectations', () => {
    const expectations = { maxOriginCopies: 1.2, maxLastToPlain: 1.05 }
    expect(only({ ...FULL, policy: 'both', expect: expectations })).toMatchObject({
      policy: 'both',
      expect: expectations,
    })
  })

  it('may be run otherwise than it says', () => {
    const overrides = { seed: 1, peers: 2, sizeBytes: 3_000_000 }
    expect(parseScenarioFile(FULL, overrides)[0]?.scenario).toStrictEqual({ ...FULL, ...overrides })
    const arrivals = { kind: 'poissonAsServed', leastSpanMs: 0 }
    expect(parseScenarioFile({ ...FULL, arrivals }, overrides)[0]?.scenario.arrivals).toStrictEqual({
      kind: 'poisson',
      meanMs: 3000,
    })
  })

  it.each([
    [{ seed: -1 }, 'scenario.seed'],
    [{ without: ['chance'] }, 'scenario.without[0]'],
    [{ without: ['claims', 'claims'] }, 'twice'],
    [{ without: 'claims' }, 'scenario.without'],
    [{ limits: { mechanisms: {} } }, 'mechanisms'],
    [{ seed: 2 ** 32 }, 'scenario.seed'],
    [{ seed: 1.5 }, 'whole number'],
    [{ seed: '1' }, 'not "1"'],
    [{ seed: undefined }, 'absent'],
    [{ peers: 0 }, 'scenario.peers'],
    [{ peers: MAX_PEERS + 1 }, 'scenario.peers'],
    [{ sizeBytes: 2 ** 40 + 1 }, 'scenario.sizeBytes'],
    [{ sizeBytes: (MAX_CHUNKS + 1) * MIN_CHUNK_BYTES, chunkBytes: MIN_CHUNK_BYTES }, 'chunks'],
    [{ chunkBytes: MIN_CHUNK_BYTES - 1 }, 'scenario.chunkBytes'],
    [{ name: '' }, 'scenario.name'],
    [{ name: '../../etc/passwd; rm' }, 'scenario.name'],
    [{ name: 'x'.repeat(121) }, 'scenario.name'],
    [{ origin: null }, 'scenario.origin'],
    [{ origin: { upBytesPerSec: 0 } }, 'scenario.origin.upBytesPerSec'],
    [{ origin: { upBytesPerSec: Infinity } }, 'scenario.origin.upBytesPerSec'],
    [{ origin: { upBytesPerSec: NaN } }, 'scenario.origin.upBytesPerSec'],
    [{ origin: { upBytesPerSec: 1, http: 'h3' } }, 'h1, h2'],
    [{ links: [] }, 'scenario.links'],
    [{ links: Array.from({ length: 33 }, (_, index) => ({ ...LINK, name: `l${index}` })) }, 'scenario.links'],
    [{ links: [LINK, LINK] }, 'two of one name'],
    [{ links: [{ ...LINK, share: 0 }] }, 'scenario.links[0].share'],
    [{ latency: { rttMs: [80, 20] } }, 'from low to high'],
    [{ latency: { rttMs: [20] } }, 'scenario.latency.rttMs'],
    [{ latency: { rttMs: [0, 60_001] } }, 'scenario.latency.rttMs[1]'],
    [{ arrivals: { kind: 'sometimes' } }, 'scenario.arrivals.kind'],
    [{ arrivals: { kind: 'staggered' } }, 'scenario.arrivals.everyMs'],
    [{ arrivals: { kind: 'atOnce', everyMs: 1 } }, '"everyMs"'],
    [{ arrivals: { kind: 'phases', phases: [] } }, 'scenario.arrivals.phases'],
    [{ arrivals: { kind: 'phases', phases: [{ forMs: 1 }] } }, 'scenario.arrivals.phases[0].everyMeanMs'],
    [{ arrivals: { kind: 'phases', phases: [{ forMs: 0, everyMeanMs: 1 }] } }, 'phases[0].forMs'],
    [{ arrivals: { kind: 'phases', phases: [{ forMs: 1, everyMeanMs: 1, share: 1 }] } }, '"share"'],
    [{ courseEveryMs: 0 }, 'scenario.courseEveryMs'],
    [{ departure: { kind: 'linger', ms: -1 } }, 'scenario.departure.ms'],
    [{ trouble: { churn: { fromMs: 0, untilMs: 864e6, everyMs: 1, share: 1 } } }, 'steps'],
    [{ trouble: { churn: { fromMs: 0, untilMs: 9, everyMs: 0, share: 1 } } }, 'everyMs'],
    [{ trouble: { pollutersShare: 1.1 } }, 'scenario.trouble.pollutersShare'],
    [{ trouble: { earthquakes: 1 } }, '"earthquakes"'],
    [{ limits: { originLoad: 'none' } }, 'adaptive, full'],
    [{ limits: { groupSizeBy: 'guess' } }, 'best, maxHop'],
    [{ limits: { groupSizeBy: null } }, 'scenario.limits.groupSizeBy'],
    [{ limits: { neighbours: 0 } }, 'scenario.limits.neighbours'],
    [{ limits: { luck: 1 } }, '"luck"'],
    [{ limits: { neighbours: null } }, 'scenario.limits.neighbours'],
    [{ limits: { rewireMs: 0 } }, 'scenario.limits.rewireMs'],
    [{ lookEveryMs: 0 }, 'scenario.lookEveryMs'],
    [{ maxMs: 864e6 + 1 }, 'scenario.maxMs'],
    [{ expect: { maxLuck: 1 } }, '"maxLuck"'],
    [{ policy: 'best' }, 'scenario.policy'],
    [{ extra: 1 }, '"extra"'],
  ])('is refused with where it is wrong: %j', (change, part) => {
    const refuse = (): unknown => parseScenarioFile({ ...FULL, ...change })
    expect(refuse).toThrow(ScenarioError)
    expect(refuse).toThrow(part)
  })

  it('is never anything but read or refused, whatever the file holds', () => {
    const fields = fc.record(
      Object.fromEntries(
        [...Object.keys(FULL), 'scenarios', 'axes', 'common'].map((key) => [key, fc.jsonValue()]),
      ),
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue(),
          fields.map((odd) => ({ ...FULL, ...odd })),
        ),
        (file) => {
          try {
            parseScenarioFile(file)
          } catch (error) {
            expect(error).toBeInstanceOf(ScenarioError)
          }
        },
      ),
    )
  })
})

describe('a file of scenarios', () => {
  it('holds them under its name, with what they have in common', () => {
    const cases = parseScenarioFile({
      name: 'many',
      about: 'Words.',
      common: { ...FULL, policy: 'both' },
      scenarios: [{ name: 'a' }, { name: 'b', peers: 3, policy: 'swarm' }],
    })
    expect(cases.map(({ scenario, policy }) => [scenario.name, scenario.peers, policy])).toStrictEqual([
      ['many/a', 48, 'both'],
      ['many/b', 3, 'swarm'],
    ])
  })

  it('may be a grid and a list, one after the other', () => {
    const file = {
      name: 'both',
      common: FULL,
      axes: [[{ name: 'a' }, { name: 'b' }]],
      scenarios: [{ name: 'c' }],
    }
    expect(parseScenarioFile(file).map(({ scenario }) => scenario.name)).toStrictEqual([
      'both/a',
      'both/b',
      'both/c',
    ])
  })

  it('may be a grid: every combination of one from each axis', () => {
    const cases = parseScenarioFile({
      name: 'grid',
      common: FULL,
      axes: [
        [
          { name: 'n1', peers: 1 },
          { name: 'n2', peers: 2 },
        ],
        [{ name: 'big' }, { name: 'small', sizeBytes: 1 }],
      ],
    })
    expect(cases.map(({ scenario }) => [scenario.name, scenario.peers, scenario.sizeBytes])).toStrictEqual([
      ['grid/n1-big', 1, 10_000_000],
      ['grid/n1-small', 1, 1],
      ['grid/n2-big', 2, 10_000_000],
      ['grid/n2-small', 2, 1],
    ])
  })

  it.each([
    [{ scenarios: [] }, 'scenarios'],
    [{ scenarios: [{}] }, 'a variant.name'],
    [{ scenarios: [{ name: 'a' }, { name: 'a' }] }, 'two scenarios "many/a"'],
    [{ scenarios: [{ name: 'a', peers: 0 }] }, 'many/a.peers'],
    [
      { scenarios: Array.from({ length: MAX_SCENARIOS + 1 }, (_, index) => ({ name: `${index}` })) },
      'scenarios',
    ],
    [{ scenarios: [{ name: 'a' }], other: 1 }, '"other"'],
    [
      { axes: Array.from({ length: 3 }, () => Array.from({ length: 20 }, () => ({ name: 'a' }))) },
      '8000 scenarios',
    ],
    [{ axes: [[]] }, 'axes[0]'],
    [{ axes: [[{ name: 'a' }]], scenarios: [{ name: 'a' }] }, 'two scenarios "many/a"'],
  ])('is refused when it is %j', (change, part) => {
    const refuse = (): unknown => parseScenarioFile({ name: 'many', common: FULL, ...change })
    expect(refuse).toThrow(ScenarioError)
    expect(refuse).toThrow(part)
  })
})
