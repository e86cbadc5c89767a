/** A scenario of each topic, run as the command runs it: what it expects must hold, and what does not names its replay. */

import { describe, expect, it } from 'vitest'

import { simulateScenarios } from '../../../command/simulate.ts'
import { parseScenarioFile } from '../../../simulator/scenario-file.ts'
import scenarios from './short-scenarios.json' with { type: 'json' }

const FILE = 'test/unit/simulator/short-scenarios.json'

/** Of the grid in which plain HTTP is hard to beat: alone, with a fast origin, and with uplinks too poor to help much. */
const GRID = [
  'never-worse/at-once-n1-origin100-up1-rtt200',
  'never-worse/at-once-n8-origin1000-up1-rtt5',
  'never-worse/at-once-n8-origin1000-up1-rtt200',
  'never-worse/poisson-n8-origin100-up1-rtt200',
  'never-worse/at-once-n8-origin10-up1-rtt200',
  'never-worse/poisson-n2-origin10-up10-rtt50',
]

/** What the command says of the scenario, other than how far it is; and its exit code. */
async function run(source: string): Promise<{ code: number; said: string }> {
  const said: string[] = []
  const code = await simulateScenarios(
    {
      name: 'simulate',
      source,
      seed: null,
      peers: null,
      sizeBytes: null,
      policy: null,
      seeds: null,
      json: true,
    },
    { print: () => {}, say: (line) => said.push(line) },
  )
  return { code, said: said.filter((line) => !line.includes('virtual time,')).join('\n') }
}

describe('a short scenario', () => {
  it.each([...parseScenarioFile(scenarios).map(({ scenario }) => `${FILE}/${scenario.name}`), ...GRID])(
    'holds: %s',
    async (source) => {
      expect(await run(source)).toEqual({ code: 0, said: '' })
    },
  )
})

function broken(): never {
  throw new Error('Something broke.')
}

describe('a scenario that does not hold', () => {
  it('is named with its seed and how to run it again', async () => {
    const said: string[] = []
    const command = {
      name: 'simulate',
      source: 'slurpie-lan/n10',
      seed: 7,
      peers: 2,
      sizeBytes: 1e5,
    } as const
    const code = await simulateScenarios(
      { ...command, policy: null, seeds: null, json: true },
      { print: () => {}, say: (line) => said.push(line), simulators: { swarm: broken, plain: broken } },
    )
    expect(code).toBe(1)
    expect(said.join('\n')).toMatch(/slurpie-lan\/n10, seed 7[^]*Something broke/)
    expect(said.join('\n')).toContain('simulate slurpie-lan/n10 --seed 7 --peers 2 --size-mb 0.1')
  })
})
