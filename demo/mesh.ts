/**
 * Draws this visitor, the origin and the neighbours, with a line for each connection: coloured by who gives, as thick
 * as the last second was fast. A neighbour keeps its place while it is connected.
 */

import type { NeighbourStats } from '../src/index.ts'
import { setAttributes, svg } from './dom.ts'
import { rate } from './words.ts'

/** What one redraw needs; rates in bytes a second. */
export interface MeshView {
  readonly neighbours: readonly NeighbourStats[]
  readonly originRateBytesPerSec: number
}

interface Spoke {
  readonly slot: number
  readonly line: SVGLineElement
  readonly dot: SVGCircleElement
  readonly title: SVGTitleElement
  receivedBytes: number
  sentBytes: number
  seenMs: number
  /** Smoothed, so that a line does not flicker with every chunk. */
  inRate: number
  outRate: number
}

const CENTRE = { x: 160, y: 104 }
const ORIGIN = { x: 160, y: 26 }

/** The part of the ellipse that neighbours stand on, in degrees from the top: the origin's corner stays free. */
const ARC = { fromDegrees: 38, overDegrees: 284, radiusX: 134, radiusY: 78 }

/** Weight of the newest measurement. Half of a change shows after two redraws. */
const SMOOTHING = 0.3

/** Returns the function that redraws. */
export function createMesh(target: SVGSVGElement): (view: MeshView) => void {
  const links = svg('g', {})
  const originLine = svg('line', { x1: ORIGIN.x, y1: ORIGIN.y, x2: CENTRE.x, y2: CENTRE.y, class: 'link' })
  const dots = svg('g', {})
  links.append(originLine)
  target.replaceChildren(links, dots, originMark(), ...ownMark())
  const spokes = new Map<string, Spoke>()

  return ({ neighbours, originRateBytesPerSec }) => {
    const nowMs = performance.now()
    drawLink(originLine, originRateBytesPerSec, 0, 'origin')
    for (const neighbour of neighbours) {
      const spoke = spokes.get(neighbour.id) ?? addSpoke(spokes, neighbour, nowMs, links, dots)
      measure(spoke, neighbour, nowMs)
      drawLink(spoke.line, spoke.inRate, spoke.outRate, 'peer')
      const short = neighbour.id.slice(0, 4)
      spoke.title.textContent = `${short}: gives ${rate(spoke.inRate)}, gets ${rate(spoke.outRate)}`
    }
    const present = new Set(neighbours.map(({ id }) => id))
    for (const [id, spoke] of spokes) {
      if (present.has(id)) continue
      spoke.line.remove()
      spoke.dot.remove()
      spokes.delete(id)
    }
  }
}

function addSpoke(
  spokes: Map<string, Spoke>,
  neighbour: NeighbourStats,
  nowMs: number,
  links: SVGGElement,
  dots: SVGGElement,
): Spoke {
  const taken = new Set(Array.from(spokes.values(), ({ slot }) => slot))
  let slot = 0
  while (taken.has(slot)) slot++
  const { x, y } = place(slot)
  const line = svg('line', { x1: x, y1: y, x2: CENTRE.x, y2: CENTRE.y, class: 'link' })
  const dot = svg('circle', { cx: x, cy: y, r: 8, class: 'neighbour' })
  const title = svg('title', {})
  dot.append(title)
  links.append(line)
  dots.append(dot)
  const { bytesReceived: receivedBytes, bytesSent: sentBytes } = neighbour
  const spoke: Spoke = {
    slot,
    line,
    dot,
    title,
    receivedBytes,
    sentBytes,
    seenMs: nowMs,
    inRate: 0,
    outRate: 0,
  }
  spokes.set(neighbour.id, spoke)
  return spoke
}

/** Multiples of the golden ratio: however many there are, they stand well apart, and nobody has to move. */
function place(slot: number): { x: number; y: number } {
  const turn = (0.5 + slot * 0.618034) % 1
  const angle = ((ARC.fromDegrees + turn * ARC.overDegrees) * Math.PI) / 180
  return { x: CENTRE.x + ARC.radiusX * Math.sin(angle), y: CENTRE.y - ARC.radiusY * Math.cos(angle) }
}

function measure(spoke: Spoke, neighbour: NeighbourStats, nowMs: number): void {
  const elapsedS = (nowMs - spoke.seenMs) / 1_000
  if (elapsedS <= 0) return
  const inRate = (neighbour.bytesReceived - spoke.receivedBytes) / elapsedS
  const outRate = (neighbour.bytesSent - spoke.sentBytes) / elapsedS
  spoke.inRate += SMOOTHING * (inRate - spoke.inRate)
  spoke.outRate += SMOOTHING * (outRate - spoke.outRate)
  spoke.receivedBytes = neighbour.bytesReceived
  spoke.sentBytes = neighbour.bytesSent
  spoke.seenMs = nowMs
}

/** Under this a link counts as idle, in bytes a second: control messages are no gift. */
const IDLE_BELOW = 2_000

function drawLink(line: SVGLineElement, inRate: number, outRate: number, from: 'origin' | 'peer'): void {
  const fast = Math.max(inRate, outRate)
  const direction = fast < IDLE_BELOW ? 'idle' : inRate >= outRate ? from : 'upload'
  // One pixel at idle, two at 10 kB/s, about five at 10 MB/s.
  const width = fast < IDLE_BELOW ? 1 : 2 + Math.max(0, Math.log10(fast / 1e4))
  setAttributes(line, { class: `link ${direction}`, 'stroke-width': width.toFixed(1) })
}

function originMark(): SVGGElement {
  const group = svg('g', { class: 'origin-mark' })
  const label = svg('text', { x: ORIGIN.x + 16, y: ORIGIN.y + 4 })
  label.textContent = 'origin'
  group.append(svg('rect', { x: ORIGIN.x - 10, y: ORIGIN.y - 10, width: 20, height: 20, rx: 5 }), label)
  return group
}

function ownMark(): SVGElement[] {
  const label = svg('text', { x: CENTRE.x, y: CENTRE.y + 4, class: 'own-label' })
  label.textContent = 'you'
  return [svg('circle', { cx: CENTRE.x, cy: CENTRE.y, r: 17, class: 'own-mark' }), label]
}
