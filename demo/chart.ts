/**
 * Draws the speed from the start on: what came from the origin, on top of it what came from visitors, and a line for
 * what was passed on.
 */

import type { DownloadStats } from '../src/index.ts'
import { setAttributes, svg } from './dom.ts'
import { rate } from './words.ts'

interface Sample {
  readonly atMs: number
  readonly origin: number
  readonly peers: number
  readonly upload: number
}

export interface Chart {
  /** Takes the present rates and redraws. */
  add(stats: DownloadStats): void
  clear(): void
}

/** Most samples kept. When full, every other one goes: the whole download stays in view. */
const MAX_SAMPLES = 256

/** Samples are at least so far apart, in milliseconds. */
const SAMPLE_EVERY_MS = 200

/** The time axis never shows less than this, in milliseconds. */
const LEAST_SPAN_MS = 10_000

const AREA = { left: 4, right: 316, top: 22, bottom: 180 }

export function createChart(target: SVGSVGElement): Chart {
  const grid = svg('path', { class: 'grid' })
  const top = svg('text', { x: AREA.left, y: AREA.top - 8, class: 'axis' })
  const end = svg('text', { x: AREA.right, y: AREA.bottom + 16, class: 'axis end' })
  const peers = svg('path', { class: 'area peers' })
  const origin = svg('path', { class: 'area origin' })
  // The line crosses areas of any colour: a casing keeps it apart from them.
  const casing = svg('path', { class: 'line casing' })
  const upload = svg('path', { class: 'line upload' })
  target.replaceChildren(grid, peers, origin, casing, upload, top, end)
  let samples: Sample[] = []

  const draw = (): void => {
    const spanMs = Math.max(LEAST_SPAN_MS, samples.at(-1)?.atMs ?? 0)
    const highest = Math.max(
      ...samples.map((sample) => Math.max(sample.origin + sample.peers, sample.upload)),
    )
    const scale = niceCeiling(Math.max(1e5, highest))
    const x = (sample: Sample): number => AREA.left + (sample.atMs / spanMs) * (AREA.right - AREA.left)
    const y = (value: number): number => AREA.bottom - (value / scale) * (AREA.bottom - AREA.top)
    const bottom = samples.map((sample) => point(x(sample), AREA.bottom))
    const middle = samples.map((sample) => point(x(sample), y(sample.origin)))
    const upper = samples.map((sample) => point(x(sample), y(sample.origin + sample.peers)))
    setAttributes(origin, { d: area(middle, bottom) })
    setAttributes(peers, { d: area(upper, middle) })
    const passedOn = path(samples.map((sample) => point(x(sample), y(sample.upload))))
    setAttributes(casing, { d: passedOn })
    setAttributes(upload, { d: passedOn })
    setAttributes(grid, { d: [0, 0.5, 1].map((share) => gridLine(y(share * scale))).join('') })
    top.textContent = rate(scale)
    end.textContent = `${Math.round(spanMs / 1_000)} s`
  }
  draw()

  return {
    add(stats) {
      const last = samples.at(-1)
      if (last !== undefined && stats.elapsedMs - last.atMs < SAMPLE_EVERY_MS) return
      samples.push({
        atMs: stats.elapsedMs,
        origin: stats.originRateBytesPerSec,
        peers: stats.peerRateBytesPerSec,
        upload: stats.uploadRateBytesPerSec,
      })
      if (samples.length > MAX_SAMPLES) samples = samples.filter((_, index) => index % 2 === 0)
      draw()
    },
    clear() {
      samples = []
      draw()
    },
  }
}

/** The next 1, 2 or 5 times a power of ten. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  const factor = [1, 2, 5].find((candidate) => candidate * power >= value) ?? 10
  return factor * power
}

function point(x: number, y: number): string {
  return `${x.toFixed(1)} ${y.toFixed(1)}`
}

function path(points: readonly string[]): string {
  return points.length < 2 ? '' : `M${points.join('L')}`
}

function area(upper: readonly string[], lower: readonly string[]): string {
  return upper.length < 2 ? '' : `${path([...upper, ...lower.toReversed()])}Z`
}

function gridLine(y: number): string {
  return `M${AREA.left} ${y.toFixed(1)}H${AREA.right}`
}
