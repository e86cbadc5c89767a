/**
 * What is kept of the report's runs: a file of JSON lines a topic, a line a run, appended as each ends. A line is found
 * again by what was run (the scenario with its seed, and the policy), so that an interrupted report goes on where it
 * was, and a scenario that has been changed is run again.
 */

import { createHash } from 'node:crypto'
import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

import type { RunPolicy } from '../policies.ts'
import type { RunSummary } from '../run-summary.ts'
import type { Scenario } from '../scenario.ts'

export interface RunRecord extends RunSummary {
  /** Of scenario and policy. */
  readonly key: string
  /** The code that ran, as git names it; null where git was not to be asked. A `+` says that it was changed since. */
  readonly commit: string | null
  /** Time the run took, and the most memory its process held. */
  readonly wallSec: number
  readonly memoryMb: number
}

/** One run to be made. */
export interface Job {
  readonly key: string
  readonly scenario: Scenario
  readonly policy: RunPolicy
}

/** 64 bits of SHA-256: far more than tells a few hundred runs apart. */
const KEY_LENGTH = 16

export function jobOf(scenario: Scenario, policy: RunPolicy): Job {
  return { key: keyOf(policy, scenario), scenario, policy }
}

/** The same for whatever says the same, in whichever order its fields are. */
export function keyOf(...values: readonly unknown[]): string {
  const text = JSON.stringify(values.map(canonical))
  return createHash('sha256').update(text).digest('hex').slice(0, KEY_LENGTH)
}

/** With the fields of every object in the order of their names. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, canonical(inner)]))
}

interface Keyed {
  readonly key: string
}

/** A file of records. Of two of one key the later counts; a line cut short by the end of a process is dropped. */
export class RecordFile<R extends Keyed = RunRecord> {
  private readonly path: string
  private readonly records = new Map<string, R>()

  private constructor(path: string) {
    this.path = path
  }

  static async open<R extends Keyed = RunRecord>(path: string): Promise<RecordFile<R>> {
    const file = new RecordFile<R>(path)
    await mkdir(dirname(path), { recursive: true })
    for (const line of (await textOf(path)).split('\n')) {
      const record = parsed(line) as R | null
      if (record !== null) file.records.set(record.key, record)
    }
    await file.rewrite([...file.records.values()])
    return file
  }

  get(key: string): R | undefined {
    return this.records.get(key)
  }

  async add(record: R): Promise<void> {
    this.records.set(record.key, record)
    await appendFile(this.path, `${JSON.stringify(record)}\n`)
  }

  /** Keeps the records of these runs alone, in this order. */
  async keep(jobs: readonly Keyed[]): Promise<readonly R[]> {
    const kept = jobs.flatMap(({ key }) => this.records.get(key) ?? [])
    this.records.clear()
    for (const record of kept) this.records.set(record.key, record)
    await this.rewrite(kept)
    return kept
  }

  /** All or nothing: the file is put in place when it is whole. */
  private async rewrite(records: readonly R[]): Promise<void> {
    await writeFile(`${this.path}.new`, records.map((record) => `${JSON.stringify(record)}\n`).join(''))
    await rename(`${this.path}.new`, this.path)
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

function parsed(line: string): Keyed | null {
  try {
    const value = JSON.parse(line) as Keyed | null
    return typeof value?.key === 'string' ? value : null
  } catch {
    return null
  }
}
