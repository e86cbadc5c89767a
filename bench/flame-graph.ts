/** Draws a tree of functions and their times as a flame graph (Brendan Gregg's): callers below, time as width. */

import type { Frame } from './profile-tree.ts'

const WIDTH = 1200
const ROW = 17
const MARGIN = 10
const CAPTION = 46

/** Narrower than this, in pixels, a frame is left out. */
const NARROWEST = 1

/** One letter's width in pixels, at the size used. */
const LETTER = 6.1

/** An SVG without scripts; the pointer over a frame shows its name, seconds and share. */
export function flameGraph(root: Frame, title: string): string {
  const pixelsPerSec = WIDTH / Math.max(root.sec, Number.MIN_VALUE)
  const height = CAPTION + depthOf(root, pixelsPerSec) * ROW + MARGIN
  const boxes = boxesOf(root, height, pixelsPerSec)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH + 2 * MARGIN} ${height}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="#fff"/>
<text x="${MARGIN}" y="24" font-size="15" fill="#222">${escape(title)}</text>
${boxes.join('\n')}
</svg>
`
}

function boxesOf(root: Frame, height: number, pixelsPerSec: number): string[] {
  const boxes: string[] = []
  const draw = (frame: Frame, x: number, depth: number): void => {
    const width = frame.sec * pixelsPerSec
    if (width < NARROWEST) return
    const y = height - MARGIN - (depth + 1) * ROW
    boxes.push(boxOf(frame, { x: MARGIN + x, y, width, share: frame.sec / root.sec }))
    let left = x
    for (const called of mostFirst(frame)) {
      draw(called, left, depth + 1)
      left += called.sec * pixelsPerSec
    }
  }
  draw(root, 0, 0)
  return boxes
}

interface Place {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly share: number
}

function boxOf({ name, sec }: Frame, { x, y, width, share }: Place): string {
  const letters = Math.floor((width - 6) / LETTER)
  const label = letters < 3 ? '' : name.length <= letters ? name : `${name.slice(0, letters - 1)}…`
  const text =
    label === '' ? '' : `<text x="${fixed(x + 3)}" y="${y + 12}" fill="#222">${escape(label)}</text>`
  const hint = `<title>${escape(name)}: ${sec.toFixed(2)} s, ${(100 * share).toFixed(1)}%</title>`
  const box = `<rect x="${fixed(x)}" y="${y}" width="${fixed(width)}" height="${ROW - 1}" fill="${colourOf(name)}" stroke="#fff" stroke-width="0.4"/>`
  return `<g>${hint}${box}${text}</g>`
}

/** Always the same for a name, and warm. */
function colourOf(name: string): string {
  let sum = 0
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 997
  return `hsl(${15 + (sum % 40)} 85% ${66 + (sum % 13)}%)`
}

function depthOf(frame: Frame, pixelsPerSec: number): number {
  if (frame.sec * pixelsPerSec < NARROWEST) return 0
  return 1 + Math.max(0, ...[...frame.calls.values()].map((called) => depthOf(called, pixelsPerSec)))
}

function mostFirst({ calls }: Frame): Frame[] {
  return [...calls.values()].toSorted((one, other) => other.sec - one.sec)
}

function fixed(pixels: number): string {
  return pixels.toFixed(1)
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
