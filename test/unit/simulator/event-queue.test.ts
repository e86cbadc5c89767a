import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { EventQueue } from '../../../simulator/event-queue.ts'

const times = fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 200 })

/** Events by name, in the order in which they happened. */
class Recorder {
  readonly heard: string[] = []

  happen(name: string): void {
    this.heard.push(name)
  }
}

function runAll(queue: EventQueue): void {
  while (queue.step());
}

describe('the event queue', () => {
  it('lets events happen by time, then by insertion, whatever is moved and cancelled', () => {
    const change = fc.record({ place: fc.nat(199), toMs: fc.option(fc.integer({ min: 0, max: 50 })) })
    fc.assert(
      fc.property(times, fc.array(change, { maxLength: 50 }), (atMs, changes) => {
        const queue = new EventQueue()
        const recorder = new Recorder()
        let order = 0
        const expected = new Map<number, { atMs: number; order: number; handle: number }>()
        for (const [name, at] of atMs.entries())
          expected.set(name, { atMs: at, order: order++, handle: queue.at(at, recorder, `${name}`) })
        for (const { place, toMs } of changes) {
          const entry = expected.get(place)
          if (entry === undefined) continue
          if (toMs === null) {
            queue.cancel(entry.handle)
            expected.delete(place)
          } else {
            queue.move(entry.handle, toMs)
            Object.assign(entry, { atMs: toMs, order: order++ })
          }
        }
        runAll(queue)
        const sorted = [...expected].sort(([, a], [, b]) => a.atMs - b.atMs || a.order - b.order)
        expect(recorder.heard).toEqual(sorted.map(([name]) => `${name}`))
      }),
    )
  })

  it('never goes back: what is due in the past happens now', () => {
    const queue = new EventQueue()
    const seen: number[] = []
    queue.callAt(10, () => queue.callAt(5, () => seen.push(queue.nowMs)))
    runAll(queue)
    expect(seen).toEqual([10])
  })

  it('holds more events than it has room for at first', () => {
    const queue = new EventQueue()
    const recorder = new Recorder()
    for (let count = 5000; count > 0; count--) queue.at(count, recorder, `${count}`)
    expect(queue.length).toBe(5000)
    runAll(queue)
    expect(recorder.heard[0]).toBe('1')
    expect(recorder.heard).toHaveLength(5000)
    expect(queue.length).toBe(0)
  })
})
