/**
 * What data channels between these very pages can carry on this machine, right now: every page sends to the next one
 * round a ring, all at once. The floor of a benchmark run is computed from it, so that figures of a fast and a slow
 * machine (or of a busy minute) can be compared.
 */

import type { Page } from 'playwright-core'

/** The page's script, to be loaded by the testbed. */
export const ringScript = 'bench/ring-page.ts'

/** Left out of the figure: slow start, until the last of 48 pages has begun (measured: 1.5 s and 1.2 s). */
const WARM_UP_MS = 4_000

/**
 * So long that what goes at first into buffers, and before the first packets are sent again, does not stand for what a download of
 * minutes may count on. Two seconds, begun by each page when it was ready, gave 8 to 13 MB/s in a day with 48 pages on two
 * cores, of which 5.3 last, whatever the water marks (measured; 9 on the wire: two fifths are sent twice).
 */
const MEASURE_MS = 15_000

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
  const countFromMs = Date.now() + WARM_UP_MS
  const times = { countFromMs, untilMs: countFromMs + MEASURE_MS }
  const received = await Promise.all(
    pages.map((page) => page.evaluate((times) => window.ring.run(times), times)),
  )
  await Promise.all(pages.map((page) => page.evaluate(() => window.ring.close())))
  return received.reduce((sum, bytes) => sum + bytes, 0) / (MEASURE_MS / 1_000)
}
