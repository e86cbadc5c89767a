/**
 * A scenario file holds either one scenario, or many: `{ name, about?, common?, scenarios }`,
 * `{ name, about?, common?, axes }`, or both, one after the other. What is in `common` holds for all of them, field by field, unless a scenario says
 * otherwise. `axes` is a list of lists of such partial scenarios, each with a `name`; every combination of one from each
 * list is a scenario, and its name is theirs, joined by dashes. The name of the file stands before all of them:
 * `slurpie-lan/at-once`. Besides its own fields a scenario may have `about`, `policy`, `lookEveryMs` and `expect`.
 */

import { EXPECTATIONS, type Expectations } from './expectations.ts'
import { Fields, listAt, ScenarioError } from './fields.ts'
import { MAX_NAME_LENGTH, parseScenario, type Overrides } from './parse-scenario.ts'
import { POLICIES, type Policy } from './policies.ts'
import type { Scenario } from './scenario.ts'

/** A scenario, what is to be run of it, and what must come out. */
export interface ScenarioCase {
  readonly scenario: Scenario
  /** By what everybody downloads; see policies.ts. Default 'swarm'. */
  readonly policy: Policy
  readonly expect: Expectations
  /** How often the mesh is looked at, in virtual ms; null: never. */
  readonly lookEveryMs: number | null
}

/** Most scenarios in one file: three seeds of the largest grid here fit. */
export const MAX_SCENARIOS = 1024

/** In virtual ms. A look costs as much as many events. */
const LOOKS = { from: 10, to: 864e5 } as const

/** Reads what a scenario file holds, once it is parsed as JSON. Throws `ScenarioError`. */
export function parseScenarioFile(file: unknown, overrides?: Overrides): readonly ScenarioCase[] {
  const fields = new Fields(file, 'scenario')
  if (!fields.has('scenarios') && !fields.has('axes')) return [parseCase(file, 'scenario', overrides)]
  const name = fields.name('name', MAX_NAME_LENGTH)
  if (fields.has('about')) fields.raw('about')
  const common = fields.has('common') ? objectAt(fields.raw('common'), fields.at('common')) : {}
  const listed = fields.has('scenarios') ? fields.list('scenarios', { from: 1, to: MAX_SCENARIOS }) : []
  const variants = [
    ...(fields.has('axes') ? combinations(fields) : []),
    ...listed.map((item) => objectAt(...item)),
  ]
  fields.end()
  const cases = variants.map((variant) => {
    const own = variantName(variant)
    return parseCase({ ...common, ...variant, name: `${name}/${own}` }, `${name}/${own}`, overrides)
  })
  const names = new Set<string>()
  for (const { scenario } of cases) {
    if (names.has(scenario.name)) throw new ScenarioError(`There are two scenarios "${scenario.name}".`)
    names.add(scenario.name)
  }
  return cases
}

type Patch = Readonly<Record<string, unknown>>

function objectAt(value: unknown, path: string): Patch {
  return new Fields(value, path).all()
}

function variantName(variant: Patch): string {
  return new Fields(variant, 'a variant').name('name', MAX_NAME_LENGTH)
}

function combinations(fields: Fields): readonly Patch[] {
  const axes = fields
    .list('axes', { from: 1, to: 10 })
    .map(([axis, path]) => listAt(axis, path, { from: 1, to: 100 }).map((item) => objectAt(...item)))
  const count = axes.reduce((product, axis) => product * axis.length, 1)
  if (count > MAX_SCENARIOS)
    throw new ScenarioError(`${fields.at('axes')} make ${count} scenarios; at most ${MAX_SCENARIOS} are run.`)
  return axes.reduce((combined, axis) =>
    combined.flatMap((left) =>
      axis.map((right) => ({
        ...left,
        ...right,
        name: `${variantName(left)}-${variantName(right)}`,
      })),
    ),
  )
}

function parseCase(value: unknown, path: string, overrides?: Overrides): ScenarioCase {
  const fields = new Fields(value, path)
  const { expect = {} } = fields.optional('expect', () => parseExpectations(fields.raw('expect'), path))
  const { policy = 'swarm' } = fields.optional('policy', (key) => fields.oneOf<Policy>(key, POLICIES))
  const { lookEveryMs = null } = fields.optional('lookEveryMs', (key) => fields.number(key, LOOKS))
  if (fields.has('about')) fields.raw('about')
  const scenario = parseScenario(fields, overrides)
  fields.end()
  return { scenario, policy, expect, lookEveryMs }
}

function parseExpectations(value: unknown, path: string): Expectations {
  const fields = new Fields(value, `${path}.expect`)
  const expect: Record<string, number> = {}
  for (const key of Object.keys(EXPECTATIONS))
    if (fields.has(key)) expect[key] = fields.number(key, { from: 0, to: 1e12 })
  fields.end()
  return expect
}
