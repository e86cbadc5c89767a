/**
 * One link: a first visitor takes the file from an unlimited origin and stays. Then the origin has next to nothing left to
 * give, and a second one comes, who must have it from the first. What is told is the second one's visit; if the first one
 * failed, his.
 */

import type { Page } from 'playwright-core'

import type { Job, Outcome } from '../testbed/page-agent.ts'
import { openTestbed } from '../testbed/testbed.ts'
import type { VisitorResult } from '../testbed/visitors.ts'
import { patienceMs, type Place } from './place.ts'
import { pagesOf, serve } from './serve.ts'

/** What is left of the origin, in bits a second: a request is answered, and adds half a percent to what a link carries. */
const LEFT_BITS_PER_SEC = 1e6

export const runOverLink: Place = async ({ scenario, system, seed, say }) => {
  const testbed = await openTestbed({ say, ...pagesOf(system) })
  const served = await serve({ ...scenario, system, seed })
  try {
    const { pages } = await testbed.openPages(2)
    const [holder, taker] = pages
    if (holder === undefined || taker === undefined) throw new Error('There are no two pages.')
    const timeoutMs = patienceMs(scenario)
    await testbed.whenQuiet()
    const held = await visit(holder, served.job, timeoutMs)
    const integrity = served.origin.integrity
    if (held.error !== null)
      return {
        results: [await resultOf(holder, held)],
        integrity,
        origin: await served.origin.stats(),
        cpuSec: null,
      }
    await served.origin.setRate(LEFT_BITS_PER_SEC)
    await served.origin.resetStats()
    const before = await testbed.cpuSeconds()
    const taken = await visit(taker, served.job, timeoutMs)
    const after = await testbed.cpuSeconds()
    const origin = await served.origin.stats()
    return {
      results: [await resultOf(taker, taken)],
      integrity,
      origin,
      cpuSec: before === null || after === null ? null : after - before,
    }
  } finally {
    await served.stop()
    await testbed.close()
  }
}

async function visit(page: Page, job: Job, timeoutMs: number): Promise<Outcome> {
  const late = { code: 'timeout', message: `Not done within ${timeoutMs} ms.` }
  return page.evaluate(
    async ({ job, timeoutMs, late }) => {
      const startedAtMs = Date.now()
      window.agent.start(job)
      const over = new Promise<Outcome>((resolve) => {
        setTimeout(() => {
          const { stats } = window.agent.snapshot()
          const nothing = { sizeBytes: null, verified: null }
          resolve({ startedAtMs, elapsedMs: timeoutMs, ...nothing, stats, error: late })
        }, timeoutMs)
      })
      return Promise.race([window.agent.outcome(), over])
    },
    { job, timeoutMs, late },
  )
}

async function resultOf(page: Page, outcome: Outcome): Promise<VisitorResult> {
  const hash = outcome.sizeBytes === null ? null : await page.evaluate(() => window.agent.sha256())
  return { ...outcome, startedMs: 0, integrity: hash === null ? null : `sha256-${hash}` }
}
