/**
 * What data channels between these very pages can carry on this machine, right now: every page sends to the next one
 * round a ring, all at once. The floor of a benchmark run is computed from it, so that figures of a fast and a slow
 * machine (or of a busy minute) can be compared.
 */

import type { Page } from 'playwright-core'

/** The page's script, to be loaded by the testbed. */
export const ringScript = 'bench/ring-page.ts'

/** Left out of the figure: slow start (measured: half of the final rate after 1 s, all of it after 1.5 s, 8 pages). */
const WARM_UP_MS = 2_000

const MEASURE_MS = 2_000

/** Summed rate of all links in bytes a second; null where one page is alone. */
export async function measureRing(pages: readonly Page[]): Promise<number | null> {
  if (pages.length < 2) return null
  for (const [index, page] of pages.entries()) await join(page, pages[(index + 1) % pages.length] ?? page)
  return carried(pages)
}

/** Rate of one channel from the first of two pages to the second, in bytes a second. */
export async function measureChannel(pages: readonly Page[]): Promise<number> {
  const [from, to] = pages
  if (from === undefined || to === undefined) throw new Error('A channel needs two pages.')
  await join(from, to)
  return carried([from, to])
}

async function join(page: Page, next: Page): Promise<void> {
  const offer = await page.evaluate(() => window.ring.offer())
  const answer = await next.evaluate((offer) => window.ring.answer(offer), offer)
  await page.evaluate((answer) => window.ring.accept(answer), answer)
}

/** By all links together. */
async function carried(pages: readonly Page[]): Promise<number> {
  const times = { warmUpMs: WARM_UP_MS, measureMs: MEASURE_MS }
  const rates = await Promise.all(
    pages.map((page) => page.evaluate((times) => window.ring.run(times), times)),
  )
  await Promise.all(pages.map((page) => page.evaluate(() => window.ring.close())))
  return rates.reduce((sum, rate) => sum + rate, 0)
}
