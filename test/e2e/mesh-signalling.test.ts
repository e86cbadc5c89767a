/**
 * A swarm that has lost its topology server, and a newcomer that another server can introduce to one peer only: whoever
 * else it gets to know, it knows by signalling that neighbours carried.
 */

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { startTopologyServer } from '../../signaling-server/server.ts'
import type { DownloadStats } from '../../src/index.ts'
import type { Outcome } from '../../testbed/page-agent.ts'
import { startTopologyProcess } from '../../testbed/processes.ts'
import { makeSampleFile } from '../../testbed/sample-file.ts'
import { startSampleOrigin } from '../../testbed/sample-origin.ts'
import { openTestbed, type Testbed } from '../../testbed/testbed.ts'
import { integrityOf } from './harness.ts'

/** Twelve seconds' worth at the origin: time enough to meet while there is something to give. */
const SIZE_BYTES = 12e6
const RATE_BITS_PER_SEC = 8e6

let testbed: Testbed

beforeAll(async () => {
  testbed = await openTestbed()
})
afterAll(() => testbed.close())

test('a newcomer who is introduced to one peer finds the others through the mesh', async () => {
  const file = makeSampleFile(SIZE_BYTES, 7)
  const origin = await startSampleOrigin({ files: { 'sample.bin': file }, rateBitsPerSec: RATE_BITS_PER_SEC })
  const first = await startTopologyProcess()
  const second = await startTopologyServer({ port: 0, limits: { introductions: 1 } })
  const opened = await testbed.openPages(5)
  try {
    const { pages } = opened
    const [bridge, anna, bert, carl, newcomer] = pages
    if (!bridge || !anna || !bert || !carl || !newcomer) throw new Error('Five pages were asked for.')
    const options = { integrity: integrityOf(file) }
    const start = (page: Page, topology: string | readonly string[]): Promise<void> =>
      page.evaluate((job) => window.agent.start(job), {
        system: 'swarm' as const,
        url: origin.url('sample.bin'),
        options: { ...options, topology },
      })

    // Only the bridge knows where else to go once the first server is gone.
    await start(bridge, [first.url, second.url])
    for (const page of [anna, bert, carl]) await start(page, first.url)
    const early = [bridge, anna, bert, carl]
    for (const page of early) await until(page, (stats) => stats.neighbours.length >= 3)
    await first.kill()

    await start(newcomer, second.url)
    await until(newcomer, (stats) => stats.neighbours.length >= 3)

    const outcomes = await Promise.all(pages.map((page) => page.evaluate(() => window.agent.outcome())))
    expect(outcomes.map(({ error }) => error)).toEqual(pages.map(() => null))
    const hashes = await Promise.all(pages.map((page) => page.evaluate(() => window.agent.sha256())))
    expect(hashes.map((hash) => `sha256-${hash}`)).toEqual(pages.map(() => options.integrity))
    expect(givers(outcomes.at(-1))).toBeGreaterThanOrEqual(2)
    // It is no one-way affair: those who were there before know the newcomer, too.
    for (const page of early) expect((await statsOf(page))?.neighbours.length).toBeGreaterThanOrEqual(3)
  } finally {
    await opened.close()
    await first.kill()
    await second.close()
    await origin.close()
  }
})

/** Neighbours from which it had bytes, of those that it still has. */
function givers(outcome: Outcome | undefined): number {
  return outcome?.stats?.neighbours.filter(({ bytesReceived }) => bytesReceived > 0).length ?? 0
}

async function statsOf(page: Page): Promise<DownloadStats | null> {
  return (await page.evaluate(() => window.agent.snapshot())).stats
}

/** Waits till the visitor's figures are as wanted; rejects where they never become so. */
async function until(page: Page, isWanted: (stats: DownloadStats) => boolean): Promise<void> {
  const seen = async (): Promise<boolean> => {
    const stats = await statsOf(page)
    return stats !== null && isWanted(stats)
  }
  await expect.poll(seen, { timeout: 30_000, interval: 100 }).toBe(true)
}
