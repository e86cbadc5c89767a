/**
 * Headless visitors for `npm start -- --visitors 8`: a table while they download (in place on a terminal, else a line
 * every two seconds), and a summary.
 */

import type { Snapshot } from '../testbed/page-agent.ts'
import type { OriginProcess } from '../testbed/processes.ts'
import { openTestbed, type Testbed } from '../testbed/testbed.ts'
import { makespanMs, runVisitors, type VisitorResult } from '../testbed/visitors.ts'
import type { DemoConfig } from './page-config.ts'
import { bytes, count, percent, stateWord } from './words.ts'

export interface HeadlessOptions {
  readonly visitors: number
  readonly config: DemoConfig
  readonly origin: OriginProcess
  /** Told of the browser as soon as there is one, so that whoever ends early can close it. */
  readonly opened: (testbed: Testbed) => void
}

/** Resolves to the command's exit code: 0 if every visitor has exactly the origin's bytes. */
export async function runHeadlessVisitors(options: HeadlessOptions): Promise<number> {
  const { visitors, config, origin } = options
  console.log(`Opening ${count(visitors, 'headless visitor')} …`)
  const testbed = await openTestbed()
  options.opened(testbed)
  const board = process.stdout.isTTY ? createTable(config) : createLines(config)
  const { topology, integrity } = config
  const results = await runVisitors(testbed, {
    visitors,
    system: 'swarm',
    url: config.url,
    options: { topology, integrity },
    timeoutMs: patienceMs(visitors, config),
    watch: board,
    watchEveryMs: 500,
  })
  const { bytesSent } = await origin.stats()
  return summarise(results, config, bytesSent)
}

/** Twice what plain HTTP would take, and a minute: whoever needs longer has failed. */
function patienceMs(visitors: number, { sizeBytes, rateBitsPerSec }: DemoConfig): number {
  const plainMs = rateBitsPerSec === null ? 0 : (visitors * sizeBytes * 8_000) / rateBitsPerSec
  return 60_000 + 2 * plainMs
}

type Board = (snapshots: readonly Snapshot[]) => void

const COLUMNS = ['visitor', 'state', 'done', 'from origin', 'from visitors', 'passed on', 'neighbours']

/** Rows rewritten in place. More visitors than rows on the screen would scroll: then lines do better. */
function createTable(config: DemoConfig): Board {
  let drawn = 0
  const lines = createLines(config)
  return (snapshots) => {
    if (snapshots.length + 4 > process.stdout.rows) return lines(snapshots)
    const rows = [COLUMNS, ...snapshots.map((snapshot, index) => rowOf(snapshot, index, config))]
    const up = drawn === 0 ? '' : `\u001B[${drawn}A`
    process.stdout.write(`${up}${rows.map((row) => `\u001B[2K${formatRow(row)}\n`).join('')}`)
    drawn = rows.length
  }
}

function rowOf({ state, stats }: Snapshot, index: number, config: DemoConfig): string[] {
  const name = String(index + 1)
  if (stats === null) return [name, stateWord(state), '', '', '', '', '']
  return [
    name,
    stateWord(state),
    `${percent(stats.completedBytes, stats.sizeBytes ?? config.sizeBytes)}%`,
    bytes(stats.bytesFromOrigin),
    bytes(stats.bytesFromPeers),
    bytes(stats.bytesUploaded),
    String(stats.neighbours.length),
  ]
}

function formatRow(row: readonly string[]): string {
  return row
    .map((text, column) => (column === 1 ? text.padEnd(12) : text.padStart(column === 0 ? 9 : 14)))
    .join('  ')
}

/** Time between two lines where there is no terminal, in milliseconds. */
const LINE_EVERY_MS = 2_000

function createLines(config: DemoConfig): Board {
  const startedMs = performance.now()
  let saidMs = -Infinity
  return (snapshots) => {
    const nowMs = performance.now()
    if (snapshots.every(({ state }) => state === 'lost')) return
    if (nowMs - saidMs < LINE_EVERY_MS) return
    saidMs = nowMs
    const all = snapshots.flatMap(({ stats }) => (stats === null ? [] : [stats]))
    const total = (pick: (stats: (typeof all)[number]) => number): number =>
      all.reduce((sum, stats) => sum + pick(stats), 0)
    const done = percent(
      total((stats) => stats.completedBytes),
      snapshots.length * config.sizeBytes,
    )
    const complete = snapshots.filter(({ state }) => state === 'complete').length
    console.log(
      `${Math.round((nowMs - startedMs) / 1_000)} s: ${done}% on average, ${complete} complete, ` +
        `${bytes(total((stats) => stats.bytesFromOrigin))} from the origin, ` +
        `${bytes(total((stats) => stats.bytesFromPeers))} from visitors, ` +
        `${(total((stats) => stats.neighbours.length) / snapshots.length).toFixed(1)} neighbours each`,
    )
  }
}

function summarise(results: readonly VisitorResult[], config: DemoConfig, originBytesSent: number): number {
  const right = results.filter((result) => result.integrity === config.integrity)
  const all = results.flatMap(({ stats }) => (stats === null ? [] : [stats]))
  const fromPeers = all.reduce((sum, stats) => sum + stats.bytesFromPeers, 0)
  const fromOrigin = all.reduce((sum, stats) => sum + stats.bytesFromOrigin, 0)
  const copies = (originBytesSent / Math.max(1, config.sizeBytes)).toFixed(2)
  console.log('')
  console.log(`  ${right.length} of ${count(results.length, 'visitor')} got exactly the origin's bytes.`)
  console.log(
    `  Time            ${(makespanMs(results) / 1_000).toFixed(1)} s${plainComparison(results, config)}`,
  )
  console.log(`  From visitors   ${percent(fromPeers, fromPeers + fromOrigin)}%`)
  console.log(`  Origin sent     ${copies} copies (plain HTTP: ${results.length})`)
  console.log('')
  for (const [index, { error }] of results.entries()) {
    if (error !== null) console.error(`  Visitor ${index + 1} failed: ${error.code}: ${error.message}`)
  }
  return right.length === results.length ? 0 : 1
}

function plainComparison(
  results: readonly VisitorResult[],
  { sizeBytes, rateBitsPerSec }: DemoConfig,
): string {
  if (rateBitsPerSec === null) return ''
  const oneCopyS = (sizeBytes * 8) / rateBitsPerSec
  return ` (plain HTTP: ${(results.length * oneCopyS).toFixed(1)} s; one copy takes the origin ${oneCopyS.toFixed(1)} s)`
}
