/**
 * Shows one situation on the page. Knows elements and words; decides nothing.
 */

import type { DownloadStats, NeighbourStats } from '../src/index.ts'
import { element, setText, show } from './dom.ts'
import type { DemoConfig, OriginTotal } from './page-config.ts'
import {
  bytes,
  count,
  duration,
  percent,
  rate,
  sentence,
  sources,
  stateWord,
  type Situation,
} from './words.ts'

/** What never changes: the file, and who this visitor is. */
export function showConfig(config: DemoConfig, visitor: string): void {
  setText('file-name', config.name)
  setText('amount', bytes(config.sizeBytes))
  const speed = config.rateBitsPerSec === null ? 'at full speed' : `at ${config.rateBitsPerSec / 1e6} Mb/s`
  setText('remaining', `from an origin that sends ${speed}`)
  setText('about', `You are visitor ${visitor}. File: ${config.url}. Topology server: ${config.topology}.`)
}

export function showSituation(situation: Situation, config: DemoConfig): void {
  const { state, stats } = situation
  const pill = element('state', HTMLElement)
  pill.dataset['state'] = state
  setText('state', stateWord(state))
  setText('sentence', sentence(situation))
  showButtons(state)
  if (stats === null) return
  const sizeBytes = stats.sizeBytes ?? config.sizeBytes
  const done = state === 'complete' ? 100 : percent(stats.completedBytes, sizeBytes)
  setText('percent', String(done))
  document.title =
    state === 'downloading' ? `${done}% of ${config.name}` : `${stateWord(state)}: ${config.name}`
  setText('amount', `${bytes(stats.completedBytes)} of ${bytes(sizeBytes)}`)
  setText('remaining', remaining(state, stats))
  showBar(stats, sizeBytes, done)
  showSources(stats)
  showNeighbours(stats.neighbours)
}

export function showError(message: string | null): void {
  show('error', message !== null)
  setText('error', message ?? '')
}

export function showOriginTotal(total: OriginTotal): void {
  const copies = total.copies.toFixed(2)
  setText('origin-total', `To everybody together, the origin has sent ${copies} copies so far.`)
}

/** What a visitor can do in a state. */
const BUTTONS: Readonly<Record<string, readonly string[]>> = {
  idle: ['start'],
  starting: ['cancel'],
  downloading: ['pause', 'cancel'],
  paused: ['resume', 'cancel'],
  verifying: ['cancel'],
  complete: ['save'],
  cancelled: ['start'],
  failed: ['start'],
}

function showButtons(state: string): void {
  const visible = BUTTONS[state] ?? []
  const focused = document.activeElement?.id
  for (const id of ['start', 'pause', 'resume', 'cancel', 'save']) show(id, visible.includes(id))
  setText('start', state === 'idle' ? 'Start download' : state === 'failed' ? 'Try again' : 'Start again')
  // Whoever works by keyboard pressed a button that is now gone: hand the focus on instead of losing it.
  const [first] = visible
  if (focused !== undefined && HANDED_ON.has(focused) && !visible.includes(focused) && first !== undefined) {
    element(first, HTMLElement).focus()
  }
}

const HANDED_ON: ReadonlySet<string> = new Set(['start', 'pause', 'resume', 'cancel'])

function remaining(state: string, stats: DownloadStats): string {
  const elapsed = duration(stats.elapsedMs)
  if (state === 'complete') return `done in ${elapsed}`
  if (state !== 'downloading') return `${elapsed} so far`
  return stats.etaMs === null ? `${elapsed} so far` : `about ${duration(stats.etaMs)} left`
}

function showBar(stats: DownloadStats, sizeBytes: number, done: number): void {
  const parts = sources(stats)
  for (const [source, part] of Object.entries(parts)) {
    const share = sizeBytes === 0 ? 0 : (100 * part) / sizeBytes
    element(`bar-${source}`, HTMLElement).style.width = `${share.toFixed(2)}%`
  }
  const bar = element('bar', HTMLElement)
  const fromPeers = percent(parts.peers, Math.max(1, stats.completedBytes))
  bar.setAttribute('aria-valuenow', String(done))
  bar.setAttribute('aria-valuetext', `${done}%, of that ${fromPeers}% from other visitors`)
}

function showSources(stats: DownloadStats): void {
  setText('origin-bytes', bytes(stats.bytesFromOrigin))
  setText('origin-rate', rate(stats.originRateBytesPerSec))
  setText('peer-bytes', bytes(stats.bytesFromPeers))
  setText('peer-rate', rate(stats.peerRateBytesPerSec))
  setText('upload-bytes', bytes(stats.bytesUploaded))
  setText('upload-rate', rate(stats.uploadRateBytesPerSec))
  setText('mesh-sentence', meshSentence(stats))
  setText('chart-sentence', 'Areas: what came from origin and visitors. Line: what was passed on.')
}

function meshSentence(stats: DownloadStats): string {
  const connected = `Connected to ${count(stats.neighbours.length, 'visitor')}`
  return stats.swarmSize > 1 ? `${connected}, of ${stats.swarmSize} in the swarm.` : `${connected}.`
}

/** Most rows shown; a mesh has about 8 neighbours, 16 at most. */
const MAX_ROWS = 32

function showNeighbours(neighbours: readonly NeighbourStats[]): void {
  show('no-neighbours', neighbours.length === 0)
  show('neighbours', neighbours.length > 0)
  const rows = element('neighbour-rows', HTMLElement)
  const shown = neighbours.slice(0, MAX_ROWS)
  while (rows.children.length > shown.length) rows.lastElementChild?.remove()
  while (rows.children.length < shown.length) rows.append(emptyRow())
  for (const [index, neighbour] of shown.entries()) {
    const texts = [
      neighbour.id.slice(0, 8),
      neighbour.bytesReceived === 0 ? '–' : bytes(neighbour.bytesReceived),
      neighbour.bytesSent === 0 ? '–' : bytes(neighbour.bytesSent),
      duration(neighbour.connectedForMs),
    ]
    for (const [column, text] of texts.entries()) {
      const cell = rows.children[index]?.children[column]
      if (cell !== undefined && cell.textContent !== text) cell.textContent = text
    }
  }
}

function emptyRow(): HTMLTableRowElement {
  const row = document.createElement('tr')
  const head = document.createElement('th')
  head.scope = 'row'
  row.append(head, ...Array.from({ length: 3 }, () => document.createElement('td')))
  return row
}
