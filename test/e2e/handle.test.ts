import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import type { Job } from '../../testbed/page-agent.ts'
import { openTestbed, type OpenPages, type Testbed } from '../../testbed/testbed.ts'
import { integrityOf, manifestOf, openScene, type Scene } from './harness.ts'

let testbed: Testbed
let scene: Scene
let opened: OpenPages
let page: Page

beforeAll(async () => {
  testbed = await openTestbed()
})
afterAll(() => testbed.close())

/** Three seconds for one copy: time enough to do something half-way. */
beforeEach(async () => {
  scene = await openScene({ sizeBytes: 6e6, rateBitsPerSec: 16e6 })
  opened = await testbed.openPages(2)
  const [first] = opened.pages
  if (first === undefined) throw new Error('No page was opened.')
  page = first
})
afterEach(async () => {
  await opened.close()
  await scene.close()
})

function job(options: Record<string, unknown> = {}): Job {
  const { integrity, topologyOption, url } = scene
  return { system: 'swarm', url, options: { ...topologyOption, integrity, ...options } }
}

async function completedBytes(of: Page = page): Promise<number> {
  const { stats } = await of.evaluate(() => window.agent.snapshot())
  return stats?.completedBytes ?? 0
}

const WITHIN = { timeout: 30_000, interval: 50 }

async function startAndReach(
  share: number,
  options?: Record<string, unknown>,
  of: Page = page,
): Promise<void> {
  await of.evaluate((job) => window.agent.start(job), job(options))
  await expect.poll(() => completedBytes(of), WITHIN).toBeGreaterThan(share * scene.file.byteLength)
}

/** What the stream yielded, put together again, as SRI. */
async function streamed(options: Record<string, unknown>): Promise<string> {
  return page.evaluate(async ({ url, options }) => {
    const pieces: Uint8Array<ArrayBuffer>[] = []
    for await (const piece of window.swarm.download(url, options).stream()) pieces.push(piece)
    const bytes = await new Blob(pieces).arrayBuffer()
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
    return `sha256-${btoa(String.fromCharCode(...hash))}`
  }, job(options))
}

describe('pause() and resume()', () => {
  test('let go of the origin, keep what has arrived, and complete', async () => {
    await startAndReach(0.2)
    await page.evaluate(() => window.agent.pause())
    await expect.poll(() => scene.origin.stats().openResponses, WITHIN).toBe(0)

    const paused = await page.evaluate(() => window.agent.snapshot())
    expect(paused.state).toBe('paused')
    expect(paused.stats?.completedBytes).toBeGreaterThan(0.2 * scene.file.byteLength)
    expect(paused.stats?.completedBytes).toBeLessThan(scene.file.byteLength)

    await page.evaluate(() => window.agent.resume())
    const { error } = await page.evaluate(() => window.agent.outcome())
    expect(error).toBeNull()
    expect(`sha256-${await page.evaluate(() => window.agent.sha256())}`).toBe(scene.integrity)
    // At most what was under way when it was paused is sent twice.
    expect(scene.copies()).toBeLessThan(1.5)
  })
})

describe('cancel() and an aborted signal', () => {
  test('cancel() rejects with the code aborted and lets go of the origin', async () => {
    await startAndReach(0.2)
    await page.evaluate(() => window.agent.release())

    expect((await page.evaluate(() => window.agent.outcome())).error?.code).toBe('aborted')
    await expect.poll(() => scene.origin.stats().openResponses, WITHIN).toBe(0)
    expect(scene.copies()).toBeLessThan(1)
  })

  test('a signal that is aborted half-way does the same', async () => {
    const code = await page.evaluate(async ({ url, options }) => {
      const controller = new AbortController()
      const download = window.swarm.download(url, { ...options, signal: controller.signal })
      download.addEventListener('progress', () => {
        if (download.stats.completedBytes > 1e6) controller.abort()
      })
      return download.blob().then(
        () => 'completed',
        (error: unknown) => (error instanceof window.swarm.SwarmError ? error.code : String(error)),
      )
    }, job())
    expect(code).toBe('aborted')
    await expect.poll(() => scene.origin.stats().openResponses, WITHIN).toBe(0)
    expect(scene.copies()).toBeLessThan(1)
  })

  test('a signal aborted beforehand costs the origin nothing', async () => {
    const code = await page.evaluate(
      async ({ url, options }) =>
        window.swarm.download(url, { ...options, signal: AbortSignal.abort() }).then(
          () => 'completed',
          (error: unknown) => (error instanceof window.swarm.SwarmError ? error.code : String(error)),
        ),
      job(),
    )
    expect(code).toBe('aborted')
    expect(scene.origin.stats().requests).toBe(0)
  })
})

describe('stream()', () => {
  test('yields what is the reader’s own: the file is whole though every piece was overwritten or taken away', async () => {
    const hash = await page.evaluate(async ({ url, options }) => {
      const download = window.swarm.download(url, options)
      let place = 0
      for await (const piece of download.stream()) {
        if (place++ % 2 === 0) piece.fill(0)
        else structuredClone(piece.buffer, { transfer: [piece.buffer] })
      }
      const bytes = await (await download.blob()).arrayBuffer()
      return btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))))
    }, job())
    expect(`sha256-${hash}`).toBe(scene.integrity)
  })

  test('yields the whole file in order, by a manifest, beside another visitor', async () => {
    const integrity = await manifestOf(scene.file)
    const [, other] = opened.pages
    // On a busy machine both would have the whole file from the origin before the link between them is open.
    await startAndReach(0.5, { integrity }, other)
    expect(await streamed({ integrity })).toBe(scene.integrity)
    expect(scene.copies()).toBeLessThan(2)
  })

  test('yields the whole file in order, without any hash', async () => {
    expect(await streamed({ integrity: undefined })).toBe(scene.integrity)
  })

  test('yields the whole file in order, by a hash of the whole', async () => {
    expect(await streamed({})).toBe(scene.integrity)
  })

  test('ends in an error, not in silence, where the whole is another file', async () => {
    const integrity = integrityOf(new Uint8Array(1))
    await expect(streamed({ integrity })).rejects.toThrow('integrity')
  })
})

describe('a reload', () => {
  test('keeps what was stored: it is not fetched again', async () => {
    await startAndReach(0.7)
    await page.reload()
    scene.origin.resetStats()
    await page.evaluate((job) => window.agent.start(job), job())

    const { error } = await page.evaluate(() => window.agent.outcome())
    expect(error).toBeNull()
    expect(`sha256-${await page.evaluate(() => window.agent.sha256())}`).toBe(scene.integrity)
    expect(scene.copies()).toBeLessThan(0.8)
  })
})
