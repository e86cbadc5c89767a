/** Where `swarmfetch simulate` finds its scenarios: by name among those that come along, or in a file. */

import { open } from 'node:fs/promises'

import { chosen, scenariosNamed } from '../simulator/catalogue.ts'
import { ScenarioError } from '../simulator/fields.ts'
import type { Overrides } from '../simulator/parse-scenario.ts'
import { parseScenarioFile, type ScenarioCase } from '../simulator/scenario-file.ts'
import { UsageError } from './arguments.ts'

/** Largest scenario file in bytes: a thousand scenarios, written at length. */
export const MAX_SCENARIO_FILE_BYTES: number = 1024 * 1024

/** Reads `NAME`, `NAME/VARIANT`, `FILE.json` or `FILE.json/VARIANT`. Throws `UsageError`. */
export async function scenariosFrom(source: string, overrides: Overrides): Promise<readonly ScenarioCase[]> {
  try {
    const [, file, variant] = /^(.*\.json)(?:\/(.+))?$/s.exec(source) ?? []
    if (file === undefined) return found(source, scenariosNamed(source, overrides))
    const cases = parseScenarioFile(await jsonIn(file), overrides)
    const name =
      variant === undefined ? null : cases.map(({ scenario }) => scenario.name).find(isVariant(variant))
    return found(source, name === undefined ? null : chosen(cases, name))
  } catch (error) {
    throw error instanceof ScenarioError
      ? new UsageError(`${source}: ${error.message}`, { cause: error })
      : error
  }
}

/** What names this scenario of this source again. */
export function sourceOf(source: string, scenario: string): string {
  const [, file] = /^(.*\.json)(?:\/(.+))?$/s.exec(source) ?? []
  return file === undefined ? scenario : `${file}/${scenario}`
}

/** A variant of a file goes by its own name, or by its full one. */
function isVariant(variant: string): (name: string) => boolean {
  return (name) => name === variant || name.slice(name.indexOf('/') + 1) === variant
}

function found(source: string, cases: readonly ScenarioCase[] | null): readonly ScenarioCase[] {
  if (cases !== null) return cases
  throw new UsageError(`There is no scenario "${source}". \`swarmfetch simulate --list\` lists them.`)
}

async function jsonIn(path: string): Promise<unknown> {
  const text = await textIn(path)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UsageError(`${path} is not JSON: ${(error as SyntaxError).message}.`, { cause: error })
  }
}

async function textIn(path: string): Promise<string> {
  const file = await open(path).catch((error: Error) => {
    throw new UsageError(`${path} cannot be read: ${error.message}.`, { cause: error })
  })
  try {
    const stat = await file.stat()
    if (!stat.isFile() || stat.size > MAX_SCENARIO_FILE_BYTES)
      throw new UsageError(`${path} is no file of at most ${MAX_SCENARIO_FILE_BYTES} bytes.`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}
