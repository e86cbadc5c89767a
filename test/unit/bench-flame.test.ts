/** What a flame graph is made of, and how it is drawn. */

import { describe, expect, it } from 'vitest'

import { flameGraph } from '../../bench/flame-graph.ts'
import {
  addProfile,
  addStack,
  type CallFrame,
  type Frame,
  newFrame,
  scaleTo,
} from '../../bench/profile-tree.ts'
import { purposeOf, threadSecondsBetween } from '../../testbed/thread-cpu.ts'

function frameOf(functionName: string): CallFrame {
  return { functionName, url: '', lineNumber: 0, columnNumber: 0 }
}

/** Names with seconds, and those below in brackets. */
function outline({ name, sec, calls }: Frame): string {
  const below = [...calls.values()].map(outline)
  return `${name} ${sec}${below.length === 0 ? '' : ` (${below.join(', ')})`}`
}

const PROFILE = {
  nodes: [
    { id: 1, callFrame: frameOf('(root)'), children: [2, 3, 4] },
    { id: 2, callFrame: frameOf('(idle)') },
    { id: 3, callFrame: frameOf('feed'), children: [5] },
    { id: 4, callFrame: frameOf('(garbage collector)') },
    { id: 5, callFrame: frameOf('handle') },
  ],
  samples: [2, 3, 5, 5, 4],
  timeDeltas: [9e6, 1e6, 2e6, 3e6, 4e6],
}

describe('a tree of functions', () => {
  it('has the busy time of profiles, each function with what it called', () => {
    const root = newFrame('page')
    addProfile(root, PROFILE, ({ functionName }) => functionName)
    expect(outline(root)).toBe('page 10 (feed 6 (handle 5), (garbage collector) 4)')
    addProfile(root, PROFILE, ({ functionName }) => functionName)
    expect(outline(root)).toBe('page 20 (feed 12 (handle 10), (garbage collector) 8)')
  })

  it('can be brought to another length', () => {
    const root = newFrame('page')
    addStack(root, ['feed', 'handle'], 3)
    addStack(root, ['feed'], 1)
    scaleTo(root, 8)
    expect(outline(root)).toBe('page 8 (feed 8 (handle 6))')
    const idle = newFrame('page')
    scaleTo(idle, 8)
    expect(outline(idle)).toBe('page 0')
  })
})

describe('a flame graph', () => {
  it('draws each frame as wide as its share, and leaves out what cannot be seen', () => {
    const root = newFrame('all')
    addStack(root, ['<most>'], 750)
    addStack(root, ['some', 'of it'], 249.9)
    addStack(root, ['hardly'], 0.1)
    const drawing = flameGraph(root, 'Here & there')
    const widths = [...drawing.matchAll(/<title>([^:]+): .*?<\/title><rect [^>]*?width="([\d.]+)"/g)]
    expect(widths.map(([, name, width]) => [name, Number(width)])).toEqual([
      ['all', 1200],
      ['&lt;most&gt;', 900],
      ['some', 299.9],
      ['of it', 299.9],
    ])
    expect(drawing).toContain('Here &amp; there')
    expect(drawing).toContain('&lt;most&gt;: 750.00 s, 75.0%')
  })
})

describe('threads', () => {
  it('are told apart by what their process is for', () => {
    expect(purposeOf('/usr/bin/chromium\0--headless\0')).toBe('browser')
    expect(purposeOf('/usr/bin/chromium\0--type=renderer\0--lang=en\0')).toBe('renderer')
    const network = '--type=utility\0--utility-sub-type=network.mojom.NetworkService\0'
    expect(purposeOf(network)).toBe('network')
  })

  it('have used what was added between two looks, the busiest first', () => {
    const before = new Map([
      ['a', 1],
      ['b', 2],
      ['gone', 7],
    ])
    const after = new Map([
      ['a', 1.5],
      ['b', 2],
      ['new', 4],
    ])
    expect(threadSecondsBetween(before, after)).toEqual([
      ['new', 4],
      ['a', 0.5],
    ])
  })
})
