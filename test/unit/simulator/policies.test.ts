import { describe, expect, it } from 'vitest'

import { POLICIES, RUN_POLICIES, runsOf } from '../../../simulator/policies.ts'
import type { RunResult } from '../../../simulator/scenario.ts'
import { parseScenarioFile } from '../../../simulator/scenario-file.ts'
import { SIMULATORS } from '../../../simulator/simulators.ts'
import { SMALL } from './small-scenario.ts'

function peopleIn({ peers }: RunResult): unknown {
  return peers.map(({ link, arrivedMs }) => [link, arrivedMs])
}

describe('a policy', () => {
  it('stands for itself, for swarm and plain, or for all', () => {
    for (const policy of RUN_POLICIES) expect(runsOf(policy)).toEqual([policy])
    expect(runsOf('both')).toEqual(['swarm', 'plain'])
    expect(runsOf('all')).toEqual(RUN_POLICIES)
  })

  it.each(POLICIES)('may be named by a scenario: %s', (policy) => {
    expect(parseScenarioFile({ ...SMALL, policy })[0]?.policy).toBe(policy)
  })

  it.each(['slurpie-2', 'bittorrent', '', 'ALL', 1, null, ['swarm'], '__proto__'])(
    'is refused where there is none of that name: %j',
    (policy) => {
      expect(() => parseScenarioFile({ ...SMALL, policy })).toThrow(
        /scenario\.policy is one of swarm, .* all/,
      )
    },
  )

  it.each(RUN_POLICIES)('is carried out, under its name, for the same people: %s', (policy) => {
    const scenario = {
      ...SMALL,
      peers: 6,
      arrivals: { kind: 'poisson', meanMs: 100 },
      links: [
        { name: 'a', share: 1, upBytesPerSec: 1e6, downBytesPerSec: 1e7 },
        { name: 'b', share: 1, upBytesPerSec: 2e6, downBytesPerSec: 1e7 },
      ],
    } as const
    const result = SIMULATORS[policy](scenario)
    expect(result.policy).toBe(policy)
    expect(result.violations).toEqual([])
    expect(peopleIn(result)).toEqual(peopleIn(SIMULATORS.plain(scenario)))
  })
})
