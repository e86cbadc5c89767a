import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { Deadlines, type DeadlineName } from '../../../src/core/deadlines.ts'

const NAMES: readonly DeadlineName[] = ['arrival', 'coin', 'retry', 'originStall', 'meshStall', 'announce']

describe('deadlines', () => {
  it('name the earliest time, and none where nothing is due', () => {
    const deadlines = new Deadlines()
    expect(deadlines.next()).toBeNull()
    deadlines.set('coin', 300)
    deadlines.set('retry', 100)
    expect(deadlines.next()).toBe(100)
    deadlines.clear('retry')
    expect(deadlines.next()).toBe(300)
    deadlines.clearAll()
    expect(deadlines.next()).toBeNull()
  })

  it('are taken out when they are due, not a moment before', () => {
    const deadlines = new Deadlines()
    deadlines.set('coin', 300)
    expect(deadlines.takeDue(299.9)).toEqual([])
    expect(deadlines.has('coin')).toBe(true)
    expect(deadlines.takeDue(300)).toEqual(['coin'])
    expect(deadlines.has('coin')).toBe(false)
    expect(deadlines.takeDue(1000)).toEqual([])
  })

  it('move when they are set again', () => {
    const deadlines = new Deadlines()
    deadlines.set('coin', 300)
    deadlines.set('coin', 500)
    expect(deadlines.next()).toBe(500)
    deadlines.set('coin', 200)
    expect(deadlines.next()).toBe(200)
  })

  it('only move forward where that is asked for', () => {
    const deadlines = new Deadlines()
    deadlines.setNoLater('meshStall', 300)
    deadlines.setNoLater('meshStall', 500)
    expect(deadlines.next()).toBe(300)
    deadlines.setNoLater('meshStall', 200)
    expect(deadlines.next()).toBe(200)
  })

  it('come in the order of their times, and by name where those are equal', () => {
    const entry = fc.tuple(fc.constantFrom(...NAMES), fc.nat(5))
    fc.assert(
      fc.property(fc.uniqueArray(entry, { selector: ([name]) => name }), fc.nat(5), (entries, nowMs) => {
        const deadlines = new Deadlines()
        for (const [name, atMs] of entries) deadlines.set(name, atMs)
        const expected = entries
          .filter(([, atMs]) => atMs <= nowMs)
          .sort(([a, aMs], [b, bMs]) => aMs - bMs || (a < b ? -1 : 1))
          .map(([name]) => name)
        expect(deadlines.takeDue(nowMs)).toEqual(expected)
        const later = entries.filter(([, atMs]) => atMs > nowMs).map(([, atMs]) => atMs)
        expect(deadlines.next()).toBe(later.length === 0 ? null : Math.min(...later))
      }),
    )
  })

  it('are told apart from what was, whatever is set, moved, cleared and taken in between', () => {
    const name = fc.constantFrom(...NAMES)
    const atMs = fc.nat(6)
    const step = fc.oneof(
      fc.record({ type: fc.constantFrom('set' as const, 'setNoLater' as const), name, atMs }),
      fc.record({ type: fc.constant('clear' as const), name }),
      fc.record({ type: fc.constant('takeDue' as const), atMs: fc.nat(3) }),
      fc.record({ type: fc.constantFrom('clearAll' as const, 'next' as const) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const deadlines = new Deadlines()
        const model = new Map<DeadlineName, number>()
        const earliest = (): number | null => (model.size === 0 ? null : Math.min(...model.values()))
        for (const each of steps) {
          switch (each.type) {
            case 'set':
              deadlines.set(each.name, each.atMs)
              model.set(each.name, each.atMs)
              break
            case 'setNoLater':
              deadlines.setNoLater(each.name, each.atMs)
              model.set(each.name, Math.min(each.atMs, model.get(each.name) ?? Infinity))
              break
            case 'clear':
              deadlines.clear(each.name)
              model.delete(each.name)
              break
            case 'clearAll':
              deadlines.clearAll()
              model.clear()
              break
            case 'takeDue':
              for (const due of deadlines.takeDue(each.atMs)) {
                expect(model.get(due)).toBeLessThanOrEqual(each.atMs)
                model.delete(due)
              }
              expect(earliest() ?? Infinity).toBeGreaterThan(each.atMs)
              break
            case 'next':
              expect(deadlines.next()).toBe(earliest())
          }
        }
        expect(deadlines.next()).toBe(earliest())
        for (const each of NAMES) expect(deadlines.has(each)).toBe(model.has(each))
      }),
    )
  })
})
