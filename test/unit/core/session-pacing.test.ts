import { describe, expect, it } from 'vitest'

import type { SessionOutput } from '../../../src/core/session-io.ts'
import { fileOf, peer } from './shapes.ts'
import { loneVisitor, pick, sent, type Visitor } from './visitor.ts'

const CHUNKS = 64
const ANNA = peer(1)

/** Has the whole file; Anna has nothing. */
function seed(): Visitor {
  const visitor = loneVisitor(CHUNKS)
  visitor.bring(0, CHUNKS)
  visitor.handle({ type: 'fileVerified' })
  visitor.meet(ANNA, fileOf(CHUNKS))
  return visitor
}

function ask(visitor: Visitor, chunk: number): SessionOutput[] {
  return visitor.hear(ANNA, { type: 'request', chunks: [chunk] })
}

function served(visitor: Visitor, chunk: number): SessionOutput[] {
  return visitor.handle({ type: 'served', peer: ANNA, chunk })
}

function probesIn(outputs: readonly SessionOutput[]): number[] {
  return sent(outputs, 'probe').map(({ message }) => message.number)
}

/** By Anna's clock, which has nothing to do with ours. */
const AHEAD_MS = 1_000_000

/**
 * Chunks go out one after the other, and every echo but the first is half a second late and comes when none is under way: it
 * was long on its way there, or back. Returns the paces that came of it.
 */
function serveBehindQueue(visitor: Visitor, where: 'there' | 'back' = 'there'): (number | null)[] {
  const before = visitor.outputs.length
  for (let chunk = 0; chunk < 6; chunk++) {
    const [number] = probesIn(ask(visitor, chunk))
    visitor.pass(20)
    const soonMs = visitor.nowMs + AHEAD_MS
    served(visitor, chunk)
    visitor.pass(chunk === 0 ? 0 : 500)
    const heardAtMs = where === 'back' ? soonMs : visitor.nowMs + AHEAD_MS
    if (number !== undefined) visitor.hear(ANNA, { type: 'echo', number, heardAtMs })
    visitor.pass(300)
  }
  return pick(visitor.outputs.slice(before), 'pace').map(({ bytesPerSec }) => bytesPerSec)
}

describe('a visitor that serves', () => {
  it('probes four times a second in the first three, then once', () => {
    const visitor = seed()
    expect(probesIn(ask(visitor, 0))).toHaveLength(1)
    expect(probesIn(visitor.pass(2999))).toHaveLength(11)
    expect(probesIn(visitor.pass(5000))).toHaveLength(5)
  })

  it('sends a probe that fell due between two chunks with the next one', () => {
    const visitor = seed()
    ask(visitor, 0)
    served(visitor, 0)
    expect(probesIn(visitor.pass(400))).toEqual([])
    expect(probesIn(ask(visitor, 1))).toHaveLength(1)
    served(visitor, 1)
    expect(probesIn(ask(visitor, 2))).toEqual([])
  })

  it('learns from echoes that come when the chunk is through', () => {
    const paces = serveBehindQueue(seed())
    expect(paces.length).toBeGreaterThan(0)
    expect(paces.at(-1)).not.toBeNull()
  })

  it('does not slow down for a queue on the way back', () => {
    expect(serveBehindQueue(seed(), 'back')).toEqual([])
  })

  it('does not slow down for a clock that stood still for a while', () => {
    const visitor = seed()
    for (let chunk = 0; chunk < 6; chunk++) {
      const [number] = probesIn(ask(visitor, chunk))
      visitor.pass(20)
      const heardAtMs = visitor.nowMs + (chunk < 2 ? 0 : AHEAD_MS)
      if (number !== undefined) visitor.hear(ANNA, { type: 'echo', number, heardAtMs })
      served(visitor, chunk)
      visitor.pass(300)
    }
    expect(visitor.all('pace')).toEqual([])
  })

  it('is as fast after a long rest as it was at first', () => {
    const visitor = seed()
    const atFirst = serveBehindQueue(visitor)
    visitor.pass(60_000)
    expect(visitor.all('pace').at(-1)?.bytesPerSec).toBeNull()
    expect(serveBehindQueue(visitor)).toEqual(atFirst)
  })
})
