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
