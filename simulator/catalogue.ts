/** The scenarios that come with the package, by name. They are files beside this one, and bundled with the command. */

import ablation from './scenarios/ablation.json' with { type: 'json' }
import capacity from './scenarios/capacity.json' with { type: 'json' }
import faults from './scenarios/faults.json' with { type: 'json' }
import flashCrowd from './scenarios/flash-crowd.json' with { type: 'json' }
import mesh from './scenarios/mesh.json' with { type: 'json' }
import neverWorse from './scenarios/never-worse.json' with { type: 'json' }
import redhat from './scenarios/redhat.json' with { type: 'json' }
import rollout from './scenarios/rollout.json' with { type: 'json' }
import rodriguez from './scenarios/rodriguez.json' with { type: 'json' }
import slurpieLan from './scenarios/slurpie-lan.json' with { type: 'json' }
import slurpieWan from './scenarios/slurpie-wan.json' with { type: 'json' }
import stutzbach from './scenarios/stutzbach.json' with { type: 'json' }
import textbook from './scenarios/textbook.json' with { type: 'json' }
import topology from './scenarios/topology.json' with { type: 'json' }
import type { Overrides } from './parse-scenario.ts'
import { parseScenarioFile, type ScenarioCase } from './scenario-file.ts'

const FILES: readonly { readonly name: string; readonly about: string }[] = [
  slurpieLan,
  slurpieWan,
  stutzbach,
  textbook,
  capacity,
  rollout,
  redhat,
  flashCrowd,
  neverWorse,
  mesh,
  topology,
  faults,
  rodriguez,
  ablation,
]

/** What a file of scenarios is about, in a sentence or two, and what is in it. */
export interface Topic {
  readonly name: string
  readonly about: string
  readonly cases: readonly ScenarioCase[]
}

export function allTopics(overrides?: Overrides): readonly Topic[] {
  return FILES.map((file) => ({
    name: file.name,
    about: file.about,
    cases: parseScenarioFile(file, overrides),
  }))
}

/** All scenarios of a topic (`slurpie-lan`), or one of them (`slurpie-lan/at-once`). Null: there is none of that name. */
export function scenariosNamed(name: string, overrides?: Overrides): readonly ScenarioCase[] | null {
  const topic = FILES.find((file) => name === file.name || name.startsWith(`${file.name}/`))
  if (topic === undefined) return null
  return chosen(parseScenarioFile(topic, overrides), name === topic.name ? null : name)
}

/** Those cases, or the one of that name. */
export function chosen(cases: readonly ScenarioCase[], name: string | null): readonly ScenarioCase[] | null {
  if (name === null) return cases
  const found = cases.filter(({ scenario }) => scenario.name === name)
  return found.length === 0 ? null : found
}
