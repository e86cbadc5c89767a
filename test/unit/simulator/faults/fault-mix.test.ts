/** Random swarms with a random mix of faults: what must hold whatever goes wrong. A failure names its seed and replay. */

import { describe, expect, it } from 'vitest'

import { searchFaults } from '../../../../command/fault-search.ts'
import { faultMix } from '../../../../simulator/faults/fault-mix.ts'
import { runFaultMix, runFaults } from '../../../../simulator/faults/fault-run.ts'
import { parseScenarioFile } from '../../../../simulator/scenario-file.ts'

/** So few that a slow machine is through with them in time; some seeds take seconds. */
const SEEDS_A_TEST = 4

const FIRST_SEEDS: readonly number[] = Array.from({ length: 25 }, (_, group) => 1 + group * SEEDS_A_TEST)

function search(seed: number, seeds: number): { code: number; said: string } {
  const said: string[] = []
  const say = (line: string): void => void said.push(line)
  const code = searchFaults({ seed, seeds, json: false }, { print: () => {}, say })
  return { code, said: said.filter((line) => !/^\d+ of \d+ seeds/.test(line)).join('\n') }
}

describe('a mix of faults', () => {
  it.each(FIRST_SEEDS)('leaves nothing wrong: four seeds from %i on', (seed) => {
    expect(search(seed, SEEDS_A_TEST)).toEqual({ code: 0, said: '' })
  })

  it('is the same for the same seed, and takes the same course', () => {
    expect(faultMix(7)).toEqual(faultMix(7))
    expect(faultMix(7)).not.toEqual(faultMix(8))
    expect(runFaultMix(7).result.trace).toBe(runFaultMix(7).result.trace)
  })

  it('can be written down and read again', () => {
    for (let seed = 0; seed < 200; seed++) {
      const scenario = faultMix(seed)
      expect(parseScenarioFile(JSON.parse(JSON.stringify(scenario)))[0]?.scenario).toEqual(scenario)
    }
  })

  it('leaves every kind of fault out of some runs, and has it in others', () => {
    const mixes = Array.from({ length: 100 }, (_, seed) => Object.keys(faultMix(seed).trouble ?? {}))
    const kinds = new Set(mixes.flat())
    expect([...kinds].sort()).toEqual([
      'churn',
      'forgedPerSec',
      'forgersShare',
      'freeRidersShare',
      'hostileUntilMs',
      'liarsShare',
      'originFaults',
      'partitions',
      'pollutersShare',
      'slowPeers',
      'stallersShare',
      'topologyOutages',
      'withoutPeersShare',
      'withoutTopologyShare',
    ])
    for (const kind of kinds)
      if (kind !== 'forgedPerSec' && kind !== 'hostileUntilMs')
        expect(mixes.filter((mix) => mix.includes(kind)).length, kind).toBeLessThan(60)
  })
})

describe('the search', () => {
  const good = runFaultMix(3)

  it('names a seed that failed and how to run it again, and goes on', () => {
    const [said, printed]: string[][] = [[], []]
    const code = searchFaults(
      { seed: 5, seeds: 3, json: false },
      {
        print: (line) => printed?.push(line),
        say: (line) => said?.push(line),
        runSeed: (seed) => ({ ...good, wrong: seed === 6 ? ['Something is wrong.'] : [] }),
      },
    )
    expect(code).toBe(1)
    expect(said?.join('\n')).toMatch(/fault-mix, seed 6\n {2}Something is wrong\.\n {2}Replay: .* --seed 6$/)
    expect(printed).toEqual(['Seeds 5 to 7: 1 of 3 failed: 6.'])
  })

  it('finds what is broken: a run that may not end, and one that costs the origin too much', () => {
    const late = runFaults({ ...faultMix(3), maxMs: 10 })
    expect(late.wrong.some((sentence) => sentence.includes('never became complete'))).toBe(true)
    expect(good.wrong).toEqual([])
  })
})
