import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { chromiumFlags, findChromium } from '../../testbed/chromium.ts'
import { projectRoot } from '../../testbed/processes.ts'
import { closedPort } from '../closed-port.ts'

/** `npm start`, as npm runs it, and what it said so far. */
class Demo {
  readonly child: ChildProcess
  readonly exitCode: Promise<number | null>
  text = ''

  constructor(...args: string[]) {
    this.child = spawn(process.execPath, ['--import', 'tsx', 'demo/start.ts', ...args], {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.exitCode = new Promise((resolve) => this.child.once('close', resolve))
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream === null) continue
      createInterface({ input: stream }).on('line', (line) => {
        this.text += `${line}\n`
      })
    }
  }

  async pageUrl(): Promise<string> {
    await expect.poll(() => this.text, { timeout: 60_000 }).toMatch(/Open\s+http:/)
    return /Open\s+(\S+)/.exec(this.text)?.[1] ?? ''
  }
}

let browser: Browser
let demo: Demo

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: findChromium(), args: chromiumFlags })
})
afterAll(() => browser.close())
afterEach(async () => {
  demo.child.kill('SIGKILL')
  await demo.exitCode
})

/** Opens the page on a small telephone; whatever the page complains of, a forbidden script or style too, is kept. */
async function openTab(context: Awaited<ReturnType<Browser['newContext']>>, url: string) {
  const page: Page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  await page.goto(url)
  return { page, complaints }
}

describe('npm start', () => {
  test('serves a page whose tabs share one download, and ends on Ctrl-C', async () => {
    demo = new Demo('--mb', '3', '--origin-mbps', '10')
    const url = await demo.pageUrl()
    const context = await browser.newContext({ viewport: { width: 360, height: 700 } })
    const tabs = [await openTab(context, url), await openTab(context, url)]
    for (const { page } of tabs) await page.getByRole('button', { name: 'Start download' }).click()
    for (const { page } of tabs)
      await page.getByRole('link', { name: 'Save file' }).waitFor({ timeout: 60_000 })

    for (const { page, complaints } of tabs) {
      expect(await page.locator('#sentence').textContent()).toMatch(/^Complete, and verified/)
      expect(await page.locator('#neighbour-rows tr').count()).toBe(1)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360)
      expect(complaints).toEqual([])
    }
    const [{ copies }] = [await (await fetch(new URL('/origin.json', url))).json()] as [{ copies: number }]
    expect(copies).toBeLessThan(1.8)
    await context.close()

    demo.child.kill('SIGINT')
    expect(await demo.exitCode).toBe(0)
  })

  test('a page that cannot download says why, and lets its visitor try again', async () => {
    demo = new Demo('--mb', '1')
    const url = await demo.pageUrl()
    const context = await browser.newContext()
    const port = await closedPort()
    await context.route('**/config.json', async (route) => {
      const config = (await (await route.fetch()).json()) as Record<string, unknown>
      await route.fulfill({ json: { ...config, url: `http://127.0.0.1:${port}/sample.bin` } })
    })
    const { page } = await openTab(context, `${url}?auto`)
    await page.getByRole('button', { name: 'Try again' }).waitFor({ timeout: 60_000 })
    expect(await page.getByRole('alert').textContent()).toContain('cannot be reached')
    await context.close()
  })

  test('--visitors downloads by headless visitors, says what came of it, and ends', async () => {
    // Five seconds for one copy: in two, links are hardly set up on a busy machine.
    demo = new Demo('--visitors', '3', '--mb', '6', '--origin-mbps', '10')
    expect(await demo.exitCode).toBe(0)
    expect(demo.text).toContain("3 of 3 visitors got exactly the origin's bytes.")
    expect(demo.text).toMatch(/Origin sent\s+1\.\d\d copies/)
  })

  test('an impossible option is answered by a sentence and a failure', async () => {
    demo = new Demo('--mb', 'many')
    expect(await demo.exitCode).not.toBe(0)
    expect(demo.text).toContain('--mb is a number from 0 to')
  })
})
