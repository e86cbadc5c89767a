// oxlint-disable-next-line typescript/triple-slash-reference -- it declares window.swarm, and must not be bundled
/// <reference path="../src/global.ts" />

/**
 * The demo page: one visitor's download, shown as it goes. Everything it knows comes from the library's public API
 * and from two addresses of its own server: /config.json and /origin.json.
 */

import type { Download, DownloadResult } from '../src/index.ts'
import { createChart } from './chart.ts'
import { element } from './dom.ts'
import { createMesh } from './mesh.ts'
import type { DemoConfig, OriginTotal } from './page-config.ts'
import { showConfig, showError, showOriginTotal, showSituation } from './view.ts'
import { visitorName } from './visitor.ts'

/** Redraws in milliseconds: smooth enough to watch, and nothing beside a download's own work. */
const REDRAW_EVERY_MS = 250

/** How often the page asks what the origin has sent in all, in milliseconds. */
const ASK_ORIGIN_EVERY_MS = 1_000

const mesh = createMesh(element('mesh', SVGSVGElement))
const chart = createChart(element('chart', SVGSVGElement))

let download: Download | null = null
let cancelled = false
/** What came of the download; null until its Blob is there. */
let result: { readonly verified: DownloadResult['verified']; readonly blobUrl: string } | null = null

void main()

async function main(): Promise<void> {
  try {
    const [config, visitor] = await Promise.all([ask<DemoConfig>('/config.json'), visitorName()])
    run(config, visitor)
  } catch (error) {
    showError(`The demo could not start: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function run(config: DemoConfig, visitor: string): void {
  showConfig(config, visitor)
  const redraw = (): void => draw(config)
  const begin = (): void => start(config, visitor, redraw)
  on('start', begin)
  on('pause', () => download?.pause())
  on('resume', () => download?.resume())
  on('cancel', () => {
    cancelled = true
    download?.cancel()
  })
  element('start', HTMLButtonElement).disabled = false
  redraw()
  setInterval(redraw, REDRAW_EVERY_MS)
  void followOrigin()
  if (new URLSearchParams(location.search).has('auto')) begin()
}

function start(config: DemoConfig, visitor: string, redraw: () => void): void {
  cancelled = false
  if (result !== null) URL.revokeObjectURL(result.blobUrl)
  result = null
  showError(null)
  chart.clear()
  const { url, topology, integrity } = config
  const started = window.swarm.download(url, { topology, integrity, visitor })
  download = started
  started.addEventListener('statechange', redraw)
  started.addEventListener('neighbours', redraw)
  finish(started, config.name).then(redraw, (error: unknown) => {
    if (!cancelled) showError(error instanceof Error ? error.message : String(error))
    redraw()
  })
  redraw()
}

/** Waits for the end, and makes the link that saves the file. */
async function finish(started: Download, name: string): Promise<void> {
  const blob = await started.blob()
  const { verified } = await started
  result = { verified, blobUrl: URL.createObjectURL(blob) }
  const link = element('save', HTMLAnchorElement)
  link.href = result.blobUrl
  link.download = name
}

function draw(config: DemoConfig): void {
  const stats = download?.stats ?? null
  const state = stateNow()
  showSituation({ state, stats, verified: result?.verified ?? false }, config)
  if (stats === null) return
  mesh({ neighbours: stats.neighbours, originRateBytesPerSec: stats.originRateBytesPerSec })
  if (state === 'downloading' || state === 'paused') chart.add(stats)
}

function stateNow(): string {
  if (download === null) return 'idle'
  if (cancelled) return 'cancelled'
  // Complete is what the visitor can save.
  return download.state === 'complete' && result === null ? 'verifying' : download.state
}

/** Asks for as long as the page is open; a server that has gone away is no reason to complain. */
async function followOrigin(): Promise<never> {
  for (;;) {
    try {
      if (!document.hidden) showOriginTotal(await ask<OriginTotal>('/origin.json'))
    } catch {
      // Asked again in a second.
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_ORIGIN_EVERY_MS))
  }
}

async function ask<T>(path: string): Promise<T> {
  const response = await fetch(path, { cache: 'no-store' })
  if (!response.ok) throw new Error(`${path} answered ${response.status}.`)
  return (await response.json()) as T
}

function on(id: string, action: () => void): void {
  element(id, HTMLElement).addEventListener('click', action)
}
