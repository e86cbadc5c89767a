/**
 * Headless visitors that download one file together: pages are loaded first, then started on one signal (or one after
 * the other), and stay till all are done, as seeds. Every run ends, with an error result where a visitor did not.
 */

import { setTimeout as pause } from 'node:timers/promises'

import type { Page } from 'playwright-core'

import type { Failure, Job, Outcome, Snapshot } from './page-agent.ts'
import type { PageOptions, Testbed } from './testbed.ts'

export interface VisitorsOptions extends PageOptions, Job {
  readonly visitors: number
  /** Time between two visitors' starts in milliseconds. Default 0: all at once. */
  readonly staggerMs?: number
  /** A visitor that has not ended so long after the first start gets the error 'timeout'. */
  readonly timeoutMs: number
  /** Called every `watchEveryMs` while the run lasts, and awaited: progress lines, or a fault half-way. */
  readonly watch?: (snapshots: readonly Snapshot[]) => void | Promise<void>
  /** Default 250 ms: fine enough to hit a third of a download of seconds, and no load. */
  readonly watchEveryMs?: number
  /** Called when all pages are loaded, and awaited: then the visitors start. */
  readonly beforehand?: (pages: readonly Page[]) => Promise<void>
  /** Called when all have ended, and awaited, before what they got is hashed. */
  readonly ended?: () => Promise<void>
  /** Called when all has been hashed, before their pages close: what else is to be measured with the same pages. */
  readonly afterwards?: (pages: readonly Page[]) => Promise<void>
}

export interface VisitorResult {
  /** When this visitor started, in milliseconds after the first one did. */
  readonly startedMs: number
  readonly elapsedMs: number
  readonly sizeBytes: number | null
  /** SRI of what was delivered, `sha256-…`; null where nothing was. */
  readonly integrity: string | null
  readonly verified: string | false | null
  readonly stats: Outcome['stats']
  /** Besides the page agent's codes: 'timeout', and 'page' where the page itself was lost. */
  readonly error: Failure | null
}

/** Results in the order in which visitors started. Rejects only where pages cannot be opened or `watch` throws. */
export async function runVisitors(testbed: Testbed, options: VisitorsOptions): Promise<VisitorResult[]> {
  const { initScript } = options
  const opened = await testbed.openPages(options.visitors, initScript === undefined ? {} : { initScript })
  try {
    await options.beforehand?.(opened.pages)
    const outcomes = await runPages(opened.pages, options)
    await options.ended?.()
    const results: VisitorResult[] = []
    const firstMs = Math.min(...outcomes.map((outcome) => outcome.startedAtMs))
    for (const [index, outcome] of outcomes.entries()) {
      const { startedAtMs, ...rest } = outcome
      const integrity = await integrityOf(opened.pages[index], outcome)
      results.push({ ...rest, startedMs: startedAtMs - firstMs, integrity })
    }
    await options.afterwards?.(opened.pages)
    return results
  } finally {
    await opened.close()
  }
}

/** Time from the first visitor's start to the last one's end, in milliseconds. */
export function makespanMs(results: readonly VisitorResult[]): number {
  return Math.max(...results.map((result) => result.startedMs + result.elapsedMs))
}

async function runPages(pages: readonly Page[], options: VisitorsOptions): Promise<Outcome[]> {
  const { system, url, options: downloadOptions } = options
  const job: Job = { system, url, options: downloadOptions }
  const runs = pages.map((page, index) =>
    runPage(page, job, index * (options.staggerMs ?? 0), options.timeoutMs),
  )
  const all = Promise.all(runs)
  await watchUntil(all, pages, options)
  return all
}

async function runPage(page: Page, job: Job, delayMs: number, timeoutMs: number): Promise<Outcome> {
  await pause(delayMs)
  const startedAtMs = Date.now()
  const lost = (code: string, message: string): Outcome => ({
    startedAtMs,
    elapsedMs: Date.now() - startedAtMs,
    sizeBytes: null,
    verified: null,
    stats: null,
    error: { code, message },
  })
  const done = page
    .evaluate((job) => {
      window.agent.start(job)
      return window.agent.outcome()
    }, job)
    .catch((error: unknown) => lost('page', String(error)))
  const outcome = await within(timeoutMs - delayMs, done)
  if (outcome !== null) return outcome
  const late = lost('timeout', `Not done within ${timeoutMs} ms.`)
  return { ...late, stats: (await snapshotOf(page)).stats }
}

async function watchUntil(
  ended: Promise<unknown>,
  pages: readonly Page[],
  options: VisitorsOptions,
): Promise<void> {
  const { watch, watchEveryMs = 250 } = options
  if (watch === undefined) return
  for (let over = false; !over;) {
    over =
      (await within(
        watchEveryMs,
        ended.then(() => true),
      )) ?? false
    await watch(await Promise.all(pages.map(snapshotOf)))
  }
}

/** Longest that a page may take to say how far it is, in milliseconds: a hung page must not stop the others' run. */
const SNAPSHOT_WITHIN_MS = 5_000

async function snapshotOf(page: Page): Promise<Snapshot> {
  const nothing: Snapshot = { state: 'lost', stats: null }
  const asked = page.evaluate(() => window.agent.snapshot()).catch(() => nothing)
  return (await within(SNAPSHOT_WITHIN_MS, asked)) ?? nothing
}

async function integrityOf(page: Page | undefined, outcome: Outcome): Promise<string | null> {
  if (page === undefined || outcome.sizeBytes === null) return null
  const hash = await page.evaluate(() => window.agent.sha256())
  return hash === null ? null : `sha256-${hash}`
}

/** What the promise resolves to, or null where that takes longer. Leaves no timer behind. */
async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T | null> {
  const over = new AbortController()
  try {
    return await Promise.race([promise, pause(timeoutMs, null, { signal: over.signal })])
  } finally {
    over.abort()
  }
}
