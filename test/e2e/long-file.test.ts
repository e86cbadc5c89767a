/** What a visitor's page does for a long file: it has threads hash and store it, and leaves no garbage. */

import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { watchHeap } from '../../bench/heap.ts'
import { ensureGlobalBuild, globalBuildPath } from '../../testbed/build.ts'
import { chromiumFlags, findChromium } from '../../testbed/chromium.ts'
import { type StaticServer, startStaticServer } from '../../testbed/static-server.ts'
import { openScene, type Scene } from './harness.ts'

/** From 64 MiB on a file is long. */
const LONG_BYTES = 190 * 1024 * 1024 + 1

let browser: Browser
let scene: Scene
let site: StaticServer

beforeAll(async () => {
  await ensureGlobalBuild(() => {})
  browser = await chromium.launch({ executablePath: findChromium(), args: chromiumFlags })
  scene = await openScene({ sizeBytes: LONG_BYTES, rateBitsPerSec: 1e10, topology: 'none' })
  site = await startStaticServer({
    routes: {
      '/': () => pageUnder(''),
      '/strict': () => pageUnder("worker-src 'none'"),
      '/swarm.js': globalBuildPath,
    },
  })
})
afterAll(async () => {
  await browser.close()
  await site.close()
  await scene.close()
})

function pageUnder(policy: string): { readonly type: string; readonly body: string } {
  const body = `<!doctype html><title>A download page</title>
    <meta http-equiv="Content-Security-Policy" content="${policy}"><script src="/swarm.js"></script>`
  return { type: 'text/html; charset=utf-8', body }
}

/** A page that notes the names of the threads that it starts. */
async function openPage(path: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  await page.addInitScript(() => {
    const names: string[] = []
    const NativeWorker = Worker
    class NamedWorker extends NativeWorker {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options)
        names.push(options?.name ?? '')
      }
    }
    Object.assign(window, { Worker: NamedWorker, threadNames: names })
  })
  await page.goto(`${site.url}${path}`)
  return page
}

function threadsOf(page: Page): Promise<readonly string[]> {
  return page.evaluate(() => (window as unknown as { readonly threadNames: readonly string[] }).threadNames)
}

/** Downloads the file, and hashes what came of it outside the library. */
function download(page: Page): Promise<{ readonly verified: unknown; readonly integrity: string }> {
  return page.evaluate(
    async ([url, integrity]) => {
      const running = window.swarm.download(url, { integrity })
      const { verified } = await running
      const bytes = await (await running.blob()).arrayBuffer()
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
      return { verified, integrity: `sha256-${btoa(String.fromCharCode(...digest))}` }
    },
    [scene.url, scene.integrity] as const,
  )
}

/** Aborts a download there. Resolves to the code of its error. */
function abortWhen(page: Page, place: 'verifying' | 'halfway'): Promise<string> {
  return page.evaluate(
    async ([url, integrity, place]) => {
      const abort = new AbortController()
      const running = window.swarm.download(url, { integrity, signal: abort.signal })
      running.addEventListener('statechange', () => {
        if (place === 'verifying' && running.state === 'verifying') abort.abort()
      })
      running.addEventListener('progress', () => {
        if (place === 'halfway' && running.stats.bytesFromOrigin > 100e6) abort.abort()
      })
      return running.then(
        () => 'none',
        (error: unknown) => (error as { readonly code: string }).code,
      )
    },
    [scene.url, scene.integrity, place] as const,
  )
}

test('threads that run the same script hash a long file and store it, and end with it', async () => {
  const page = await openPage('/')
  const scripts = new Set<string>()
  page.on('worker', (worker) => scripts.add(new URL(worker.url()).pathname))
  expect(await download(page)).toEqual({ verified: 'file', integrity: scene.integrity })
  const names = await threadsOf(page)
  expect(names.filter((name) => name === 'swarmfetch-hash-1')).toHaveLength(1)
  // Each stores 64 MiB, or as much more as comes before the next has begun.
  expect(names.filter((name) => name === 'swarmfetch-store-1').length).toBeGreaterThanOrEqual(2)
  expect([...scripts]).toEqual(['/swarm.js'])
  await expect.poll(() => page.workers().length).toBe(0)
  await page.context().close()
})

test('the page hashes and stores a long file where its policy forbids threads', async () => {
  const page = await openPage('/strict')
  expect(await download(page)).toEqual({ verified: 'file', integrity: scene.integrity })
  expect(page.workers()).toEqual([])
  await page.context().close()
})

test('a download that is aborted while the whole is verified leaves no thread behind', async () => {
  const page = await openPage('/')
  const code = await abortWhen(page, 'verifying')
  expect(code).toBe('aborted')
  await expect.poll(() => page.workers().length).toBe(0)
  const before = await threadsOf(page)
  // One that was begun anew would have been by now.
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 500)))
  expect(await threadsOf(page)).toEqual(before)
  expect(before.filter((name) => name === 'swarmfetch-hash-1')).toHaveLength(1)
  expect(page.workers()).toEqual([])
  await page.context().close()
})

test('a download that is aborted half-way leaves no thread behind', async () => {
  const page = await openPage('/')
  const code = await abortWhen(page, 'halfway')
  expect(code).toBe('aborted')
  await expect.poll(() => page.workers().length).toBe(0)
  const before = await threadsOf(page)
  expect(before).toContain('swarmfetch-store-1')
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 500)))
  expect(await threadsOf(page)).toEqual(before)
  await page.context().close()
})

test('buffers are used again: a visitor alone has no more than 64 MB in them, however long the file', async () => {
  const page = await openPage('/')
  const heap = await watchHeap(page)
  const verified = await page.evaluate(
    async ([url, integrity]) => (await window.swarm.download(url, { integrity })).verified,
    [scene.url, scene.integrity] as const,
  )
  await heap.stop()
  expect(verified).toBe('file')
  const { usedBytes, buffersBytes } = heap.peak
  expect(buffersBytes).toBeGreaterThan(1e6)
  expect(usedBytes + buffersBytes).toBeLessThan(64e6)
  await page.context().close()
})
