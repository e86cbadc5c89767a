import { chromium, type Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { ensureGlobalBuild, globalBuildPath } from '../../testbed/build.ts'
import { chromiumFlags, findChromium } from '../../testbed/chromium.ts'
import { startStaticServer, type StaticServer } from '../../testbed/static-server.ts'
import { integrityOf, openScene, type Scene } from './harness.ts'

let browser: Browser
let scene: Scene
let site: StaticServer

beforeAll(async () => {
  await ensureGlobalBuild(() => {})
  browser = await chromium.launch({ executablePath: findChromium(), args: chromiumFlags })
  scene = await openScene({ sizeBytes: 3e6, rateBitsPerSec: 10e6 })
  const page = `<!doctype html><title>A download page</title>
    <script src="/swarm.js" data-topology="${scene.topology?.url}"></script>`
  site = await startStaticServer({
    routes: { '/': () => ({ type: 'text/html; charset=utf-8', body: page }), '/swarm.js': globalBuildPath },
  })
})
afterAll(async () => {
  await browser.close()
  await site.close()
  await scene.close()
})

test('one script tag makes visitors of a page share a download', async () => {
  const visits = [1, 2].map(async () => {
    const page = await (await browser.newContext()).newPage()
    await page.goto(site.url)
    return page.evaluate(
      async ([url, integrity]) => {
        const download = window.swarm.download(url, { integrity })
        const { verified } = await download
        const bytes = new Uint8Array(await (await download.blob()).arrayBuffer())
        let text = ''
        for (let at = 0; at < bytes.length; at += 8192)
          text += String.fromCharCode(...bytes.subarray(at, at + 8192))
        return { base64: btoa(text), verified, fromPeers: download.stats.bytesFromPeers }
      },
      [scene.url, scene.integrity] as const,
    )
  })
  const ends = await Promise.all(visits)
  for (const { base64, verified } of ends) {
    expect(integrityOf(Buffer.from(base64, 'base64'))).toBe(scene.integrity)
    expect(verified).toBe('file')
  }
  // Whoever comes first may be done before the other has anything to give.
  expect(Math.max(...ends.map(({ fromPeers }) => fromPeers))).toBeGreaterThan(0)
  expect(scene.copies()).toBeLessThan(1.6)
})

/** From this length on the file's hash is taken in a thread. */
const LONG_BYTES = 64 * 1024 * 1024

test.each([
  ['a thread that runs the same script', '', ['/swarm.js']],
  ['the page itself, where its policy forbids threads', "worker-src 'none'", []],
])('the hash of a long file is taken by %s', async (_by, policy, threads) => {
  const long = await openScene({ sizeBytes: LONG_BYTES, rateBitsPerSec: 1e9, topology: 'none' })
  const body = `<!doctype html><title>A download page</title>
    <meta http-equiv="Content-Security-Policy" content="${policy}"><script src="/swarm.js"></script>`
  const longSite = await startStaticServer({
    routes: { '/': () => ({ type: 'text/html; charset=utf-8', body }), '/swarm.js': globalBuildPath },
  })
  const page = await (await browser.newContext()).newPage()
  const started: string[] = []
  page.on('worker', (worker) => started.push(new URL(worker.url()).pathname))
  await page.goto(longSite.url)
  const ended = await page.evaluate(
    async ([url, integrity]) => {
      const download = window.swarm.download(url, { integrity })
      const { verified } = await download
      const bytes = await (await download.blob()).arrayBuffer()
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
      return { verified, integrity: `sha256-${btoa(String.fromCharCode(...digest))}` }
    },
    [long.url, long.integrity] as const,
  )
  expect(ended).toEqual({ verified: 'file', integrity: long.integrity })
  expect(started).toEqual(threads)
  await page.context().close()
  await longSite.close()
  await long.close()
})

test('a download that is aborted while the whole is verified leaves no thread behind', async () => {
  const long = await openScene({ sizeBytes: LONG_BYTES, rateBitsPerSec: 1e9, topology: 'none' })
  const page = await (await browser.newContext()).newPage()
  let started = 0
  page.on('worker', () => started++)
  await page.goto(site.url)
  const code = await page.evaluate(
    async ([url, integrity]) => {
      const abort = new AbortController()
      const download = window.swarm.download(url, { integrity, signal: abort.signal })
      download.addEventListener('statechange', () => {
        if (download.state === 'verifying') abort.abort()
      })
      return download.then(
        () => 'none',
        (error: unknown) => (error as { readonly code: string }).code,
      )
    },
    [long.url, long.integrity] as const,
  )
  expect(code).toBe('aborted')
  await expect.poll(() => page.workers().length).toBe(0)
  // One that was begun anew would have been by now.
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 500)))
  expect([started, page.workers().length]).toEqual([1, 0])
  await page.context().close()
  await long.close()
})
