/** Profiles of several pages, put together into one tree of functions with the time that each took. */

import { SourceMap } from 'node:module'
import { basename } from 'node:path'

/** As Chromium's `Profiler.stop` returns it: https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  /** Ids of the nodes that were at work, by sample. */
  readonly samples?: readonly number[]
  /** Before each sample, in µs. */
  readonly timeDeltas?: readonly number[]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: CallFrame
  readonly children?: readonly number[]
}

export interface CallFrame {
  readonly functionName: string
  readonly url: string
  /** From 0. */
  readonly lineNumber: number
  readonly columnNumber: number
}

/** A function as it was called from here, or a part of the browser. */
export interface Frame {
  readonly name: string
  /** With what it called, in seconds. */
  sec: number
  readonly calls: Map<string, Frame>
}

/** Not work: the page waits. */
const IDLE = '(idle)'

/** Roots that V8 puts above what it sees; a name of their own says nothing. */
const TRANSPARENT = new Set(['(root)', '(program)'])

export function newFrame(name: string): Frame {
  return { name, sec: 0, calls: new Map() }
}

/** Adds the profile's busy time below `root`; functions are named by `nameOf`. */
export function addProfile(root: Frame, profile: CpuProfile, nameOf: (frame: CallFrame) => string): void {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const parents = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])),
  )
  for (const [place, sample] of (profile.samples ?? []).entries()) {
    const stack = stackOf(sample, nodes, parents)
    if (stack.at(-1)?.functionName === IDLE) continue
    const sec = Math.max(0, profile.timeDeltas?.[place] ?? 0) / 1e6
    addStack(root, stack.filter(({ functionName }) => !TRANSPARENT.has(functionName)).map(nameOf), sec)
  }
}

/** Adds time that is spent in `path`, and so in each of its parts. */
export function addStack(root: Frame, path: readonly string[], sec: number): void {
  let frame = root
  frame.sec += sec
  for (const name of path) {
    const called = frame.calls.get(name) ?? newFrame(name)
    frame.calls.set(name, called)
    called.sec += sec
    frame = called
  }
}

/** The same times, in proportion, as `sec` in all. */
export function scaleTo(root: Frame, sec: number): void {
  const factor = root.sec === 0 ? 0 : sec / root.sec
  const scale = (frame: Frame): void => {
    frame.sec *= factor
    frame.calls.forEach(scale)
  }
  scale(root)
}

/** Names functions as the sources do, where the script's map knows them. `sources` are by the path they have in the map. */
export function namesBy(payload: ConstructorParameters<typeof SourceMap>[0]): (frame: CallFrame) => string {
  const map = new SourceMap(payload)
  const lines = new Map(
    payload.sources.map((source, place) => [source, payload.sourcesContent[place]?.split('\n') ?? []]),
  )
  return ({ functionName, url, lineNumber, columnNumber }) => {
    if (!url.endsWith('/swarm.js')) return functionName === '' ? 'page' : functionName
    const entry = map.findEntry(lineNumber, columnNumber)
    if (!('originalSource' in entry)) return functionName
    const line = lines.get(entry.originalSource)?.[entry.originalLine] ?? ''
    return `${nameAt(line, entry.originalColumn) ?? 'function'} · ${basename(entry.originalSource)}`
  }
}

/** What is defined at or before this column: a method, a function, or what an arrow function is assigned to. */
function nameAt(line: string, column: number): string | null {
  const words = [...line.matchAll(/([\w#$]+)(?=\s*(?:[(<=:]|=>))/g)].filter(({ index }) => index <= column)
  const name = words.map(([, word]) => word).findLast((word) => word !== undefined && !KEYWORDS.has(word))
  return name ?? null
}

const KEYWORDS = new Set([
  'function',
  'async',
  'get',
  'set',
  'const',
  'let',
  'return',
  'void',
  'if',
  'for',
  'while',
])

function stackOf(
  id: number,
  nodes: ReadonlyMap<number, ProfileNode>,
  parents: ReadonlyMap<number, number>,
): CallFrame[] {
  const stack: CallFrame[] = []
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
    const frame = nodes.get(at)?.callFrame
    if (frame !== undefined) stack.unshift(frame)
  }
  return stack
}
