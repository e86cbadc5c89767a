/** What a report records of a run, made here and now. */

import { MeshObserver } from '../../simulator/observe.ts'
import { simulatePlain } from '../../simulator/plain-http.ts'
import { jobOf, type RunRecord } from '../../simulator/report/records.ts'
import { summarise } from '../../simulator/run-summary.ts'
import type { Scenario } from '../../simulator/scenario.ts'
import { simulate } from '../../simulator/simulation.ts'

export function recordOf(scenario: Scenario, policy: 'swarm' | 'plain'): RunRecord {
  const observer = new MeshObserver(1)
  const inspect = { everyMs: 200, look: (state: Parameters<MeshObserver['look']>[0]) => observer.look(state) }
  const result = policy === 'swarm' ? simulate(scenario, { inspect }) : simulatePlain(scenario)
  const { key } = jobOf(scenario, policy)
  return {
    key,
    ...summarise(scenario, result),
    commit: null,
    wallSec: 1,
    memoryMb: 1,
    mesh: observer.samples,
  }
}
