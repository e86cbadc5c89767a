/**
 * One headless Chromium, and the server of the page that its visitors open. The page holds the script-tag build and
 * the page agent, nothing else. Contexts are isolated: each visitor has cookies, storage and connections of its own.
 */

import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'

import { ensureGlobalBuild, globalBuildPath } from './build.ts'
import { bundle } from './bundle.ts'
import { chromiumFlags, findChromium } from './chromium.ts'
import { cpuSecondsOf, findProcess } from './process-cpu.ts'
import { whenQuiet } from './quiet.ts'
import { startStaticServer, type Route, type StaticServer } from './static-server.ts'
import { threadSecondsOf, type ThreadTimes } from './thread-cpu.ts'

export interface Testbed {
  /** Opens and loads so many pages, one a context. */
  openPages(count: number, options?: PageOptions): Promise<OpenPages>
  /** Processor time that the browser has used, all its processes together; null where that cannot be told. */
  cpuSeconds(): Promise<number | null>
  /** The same by kinds of threads; null where that cannot be told. */
  threadSeconds(): Promise<ThreadTimes | null>
  /** Resolves when the browser has next to nothing to do, or has not come to rest in ten seconds. */
  whenQuiet(): Promise<void>
  /** Closes every page, the browser and the server. */
  close(): Promise<void>
}

export interface PageOptions {
  /** JavaScript that runs in every page before anything else: how a test takes WebRTC or IndexedDB away. */
  readonly initScript?: string
}

export interface OpenPages {
  readonly pages: readonly Page[]
  close(): Promise<void>
}

export interface TestbedOptions {
  /**
   * 'memory' (default): contexts as `newContext()` makes them; their IndexedDB never touches the disk.
   * 'disk': one persistent context in a temporary folder, as in a visitor's own browser; all pages share it.
   */
  readonly profile?: 'memory' | 'disk'
  /** More scripts for the page: TypeScript files, relative to the project's root, each bundled. */
  readonly scripts?: readonly string[]
  /** Files that the page's server has besides: what is on disk, by the path that pages ask for. */
  readonly files?: Readonly<Record<string, string>>
  /** The script-tag build that visitors run. Default: that of this very tree, made where it is out of date. */
  readonly build?: string
  readonly say?: (line: string) => void
}

/** Builds what is out of date, then starts browser and server. */
export async function openTestbed(options: TestbedOptions = {}): Promise<Testbed> {
  if (options.build === undefined) await ensureGlobalBuild(options.say ?? (() => undefined))
  const scripts = ['testbed/page-agent.ts', ...(options.scripts ?? [])]
  const server = await serveVisitorPage(scripts, {
    '/swarm.js': options.build ?? globalBuildPath,
    ...options.files,
  })
  try {
    const mark = `--swarmfetch-testbed=${randomUUID()}`
    const chromium = options.profile === 'disk' ? await launchOnDisk(mark) : await launchInMemory(mark)
    const root = await findProcess(mark)
    return {
      cpuSeconds: () => cpuSecondsOf(root),
      whenQuiet: () => whenQuiet(() => cpuSecondsOf(root)),
      threadSeconds: async () => (root === null ? null : await threadSecondsOf(root)),
      openPages: (count, pageOptions = {}) => openPages(chromium, server, count, pageOptions),
      close: async () => {
        await chromium.close()
        await server.close()
      },
    }
  } catch (error) {
    await server.close()
    throw error
  }
}

/** Where contexts come from, and how to get rid of everything. */
interface Chromium {
  newContext(): Promise<BrowserContext>
  closeContext(context: BrowserContext): Promise<void>
  close(): Promise<void>
}

async function launchInMemory(mark: string): Promise<Chromium> {
  const browser: Browser = await chromium.launch(launchOptions(mark))
  return {
    newContext: () => browser.newContext(),
    closeContext: (context) => context.close(),
    close: () => browser.close(),
  }
}

async function launchOnDisk(mark: string): Promise<Chromium> {
  const folder = await mkdtemp(join(tmpdir(), 'swarmfetch-profile-'))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 5 })
  try {
    const context = await chromium.launchPersistentContext(folder, launchOptions(mark))
    return {
      newContext: () => Promise.resolve(context),
      closeContext: () => Promise.resolve(),
      close: async () => {
        await context.close()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}

/** `mark`: a flag that means nothing to the browser, and by which we find its process. */
function launchOptions(mark: string): { executablePath: string; args: string[]; headless: true } {
  return { executablePath: findChromium(), args: [...chromiumFlags, mark], headless: true }
}

async function openPages(
  chromium: Chromium,
  server: StaticServer,
  count: number,
  options: PageOptions,
): Promise<OpenPages> {
  const contexts: BrowserContext[] = []
  const pages: Page[] = []
  const close = async (): Promise<void> => {
    await Promise.all(pages.map((page) => page.close()))
    await Promise.all(contexts.map((context) => chromium.closeContext(context)))
  }
  try {
    for (let index = 0; index < count; index++) {
      const context = await chromium.newContext()
      contexts.push(context)
      const page = await context.newPage()
      pages.push(page)
      if (options.initScript !== undefined) await page.addInitScript(options.initScript)
      await page.goto(`${server.url}/`)
    }
    return { pages, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function serveVisitorPage(
  scripts: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<StaticServer> {
  const routes: Record<string, Route> = { ...files }
  for (const script of scripts) {
    const body = await bundle(script)
    routes[pathOf(script)] = () => ({ type: 'text/javascript; charset=utf-8', body })
  }
  const tags = ['/swarm.js', ...scripts.map(pathOf)].map((path) => `<script src="${path}"></script>`)
  const page = `<!doctype html><meta charset="utf-8"><title>Visitor</title>${tags.join('')}`
  routes['/'] = () => ({ type: 'text/html; charset=utf-8', body: page })
  return startStaticServer({ routes })
}

function pathOf(script: string): string {
  return `/${script.replace(/\.ts$/, '.js')}`
}
