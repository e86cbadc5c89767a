/**
 * What the machine can do at this moment, whoever downloads: raw data channels, a raw disk, a raw fetch. In bytes a second.
 */

import type { Page } from 'playwright-core'

import { startOriginProcess } from '../testbed/processes.ts'
import { openTestbed } from '../testbed/testbed.ts'
import { measureChannel, measureRing, ringScript } from './ring.ts'
import type { BoundName, Scenario } from './scenarios.ts'

type Say = (line: string) => void

export const BOUNDS: Readonly<
  Record<BoundName, (scenario: Scenario, seed: number, say: Say) => Promise<number>>
> = {
  ring: async ({ visitors }, _seed, say) => {
    const testbed = await openTestbed({ scripts: [ringScript], say })
    try {
      const { pages } = await testbed.openPages(visitors)
      return (await measureRing(pages)) ?? 0
    } finally {
      await testbed.close()
    }
  },
  channel: async (_scenario, _seed, say) => {
    const testbed = await openTestbed({ scripts: [ringScript], say })
    try {
      const { pages } = await testbed.openPages(2)
      return await measureChannel(pages)
    } finally {
      await testbed.close()
    }
  },
  setMany: ({ sizeBytes }, _seed, say) =>
    onDisk(say, (page) => page.evaluate((totalBytes) => window.measureSetMany(totalBytes), sizeBytes)),
  fetch: async ({ sizeBytes, originBitsPerSec: rateBitsPerSec }, seed, say) => {
    const origin = await startOriginProcess({ name: 'sample.bin', sizeBytes, seed, rateBitsPerSec })
    try {
      return await onDisk(say, (page) => page.evaluate((url) => window.measureFetch(url), origin.url))
    } finally {
      await origin.kill()
    }
  },
}

async function onDisk(say: Say, measure: (page: Page) => Promise<number>) {
  const testbed = await openTestbed({ profile: 'disk', scripts: ['bench/store-page.ts'], say })
  try {
    const [page] = (await testbed.openPages(1)).pages
    if (page === undefined) throw new Error('There is no page.')
    await testbed.whenQuiet()
    return await measure(page)
  } finally {
    await testbed.close()
  }
}
