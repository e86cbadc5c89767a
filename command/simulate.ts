/**
 * `swarmfetch simulate`: runs scenarios one after another. Standard output gets a table, or with `--json` a line of JSON
 * a run, in which nothing depends on the machine: the same seed gives the same bytes.
 */

import { allTopics } from '../simulator/catalogue.ts'
import { disappointments, type Runs } from '../simulator/expectations.ts'
import { FAULT_MIX } from '../simulator/faults/fault-mix.ts'
import type { Inspection, Progress } from '../simulator/inspection.ts'
import { MeshObserver } from '../simulator/observe.ts'
import { runsOf, runsSessions, type Policy, type RunPolicy } from '../simulator/policies.ts'
import { summarise, type RunSummary } from '../simulator/run-summary.ts'
import type { Scenario } from '../simulator/scenario.ts'
import type { ScenarioCase } from '../simulator/scenario-file.ts'
import { SIMULATORS, type Simulate } from '../simulator/simulators.ts'
import type { SimulateCommand } from './arguments.ts'
import { searchFaults } from './fault-search.ts'
import { scenariosFrom, sourceOf } from './scenario-source.ts'
import { tableHead, tableLine } from './run-table.ts'

export interface Surroundings {
  /** A line of what was asked for. */
  readonly print: (line: string) => void
  /** A line of whatever else there is to say. */
  readonly say: (line: string) => void
  /** What runs a scenario, where it is not the simulator. */
  readonly simulators?: Readonly<Partial<Record<RunPolicy, Simulate>>>
}

/** Time between two lines of progress. */
const PROGRESS_EVERY_MS = 2_000

/** Runs them all, whatever fails. Returns the exit code: 1 where a run was not as it must be. Throws `UsageError`. */
export async function simulateScenarios(
  command: SimulateCommand,
  surroundings: Surroundings,
): Promise<number> {
  const { print } = surroundings
  if (command.source === null) {
    for (const line of listing()) print(line)
    return 0
  }
  if (command.source === FAULT_MIX) return searchFaults(command, surroundings)
  const { seed, peers, sizeBytes, source } = command
  const cases = await scenariosFrom(source, { seed, peers, sizeBytes })
  const widths = {
    name: Math.max(...cases.map(({ scenario }) => scenario.name.length)),
    policy: Math.max(
      ...cases.flatMap((one) => runsOf(command.policy ?? one.policy).map(({ length }) => length)),
    ),
  }
  if (!command.json) print(tableHead(widths))
  let failed = 0
  for (const one of cases) {
    const wrong = faultsIn(one, command.policy ?? one.policy, surroundings, (run) =>
      print(command.json ? JSON.stringify(run) : tableLine(run, widths)),
    )
    if (wrong.length > 0) failed++
    if (wrong.length > 0) surroundings.say(complaint(one, wrong, command))
  }
  return failed === 0 ? 0 : 1
}

/** What is wrong with the runs of a scenario. A simulator that throws must not keep the seed to itself, either. */
function faultsIn(
  one: ScenarioCase,
  policy: Policy,
  surroundings: Surroundings,
  report: (run: RunSummary) => void,
): readonly string[] {
  try {
    return disappointments(one.expect, runCase(one, policy, surroundings, report))
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)]
  }
}

function runCase(
  { scenario, lookEveryMs }: ScenarioCase,
  policy: Policy,
  { say, simulators }: Surroundings,
  report: (run: RunSummary) => void,
): Runs {
  const run = (which: RunPolicy): RunSummary => {
    const onProgress = progressLines(scenario, which, say)
    const observer = new MeshObserver(scenario.seed)
    const look = (state: Inspection): void => observer.look(state)
    const inspect =
      lookEveryMs === null || !runsSessions(which) ? {} : { inspect: { everyMs: lookEveryMs, look } }
    const result = { ...SIMULATORS, ...simulators }[which](scenario, { onProgress, ...inspect })
    const summary = summarise(scenario, result, observer.samples)
    report(summary)
    return summary
  }
  const runs = runsOf(policy).map(run)
  return {
    swarm: runs.find((one) => one.policy === 'swarm') ?? null,
    plain: runs.find((one) => one.policy === 'plain') ?? null,
    others: runs.filter((one) => one.policy !== 'swarm' && one.policy !== 'plain'),
  }
}

/** Says how far it is, but not too often. */
function progressLines(
  { name }: Scenario,
  policy: string,
  say: (line: string) => void,
): (progress: Progress) => void {
  let saidMs = performance.now()
  return ({ virtualMs, events, completed, peers }) => {
    if (performance.now() - saidMs < PROGRESS_EVERY_MS) return
    saidMs = performance.now()
    say(
      `${name} (${policy}): ${(virtualMs / 1000).toFixed(1)} s of virtual time, ${completed} of ${peers} peers done, ${events} events`,
    )
  }
}

function complaint({ scenario }: ScenarioCase, wrong: readonly string[], command: SimulateCommand): string {
  return [
    `Failed: ${scenario.name}, seed ${scenario.seed}`,
    ...wrong.map((sentence) => `  ${sentence}`),
    `  Replay: ${replay(scenario, command)}`,
  ].join('\n')
}

function replay(scenario: Scenario, { source, peers, sizeBytes, policy }: SimulateCommand): string {
  return [
    `npx swarmfetch simulate ${quoted(sourceOf(source ?? '', scenario.name))} --seed ${scenario.seed}`,
    ...(peers === null ? [] : [`--peers ${peers}`]),
    ...(sizeBytes === null ? [] : [`--size-mb ${sizeBytes / 1e6}`]),
    ...(policy === null ? [] : [`--policy ${policy}`]),
  ].join(' ')
}

/** As one word of a POSIX shell. */
function quoted(word: string): string {
  return /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

function* listing(): Generator<string> {
  for (const { name, about, cases } of allTopics()) {
    yield `${name}: ${about}`
    for (const { scenario } of cases) yield `  ${scenario.name}`
  }
}
