import { afterEach, expect, it, vi } from 'vitest'

import { PageClock } from '../../../src/browser/page-clock.ts'

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

class Watch {
  readonly clock = new PageClock()
  readonly rings: string[] = []
  readonly setTimeout = vi.spyOn(globalThis, 'setTimeout')

  set(inMs: number, name = 'alarm'): void {
    this.clock.setAlarm(this.clock.nowMs() + inMs, () => this.rings.push(name))
  }
}

function newWatch(): Watch {
  vi.useFakeTimers()
  return new Watch()
}

it('rings once, when it is time', () => {
  const watch = newWatch()
  watch.set(50)
  vi.advanceTimersByTime(49)
  expect(watch.rings).toEqual([])
  vi.advanceTimersByTime(1000)
  expect(watch.rings).toEqual(['alarm'])
})

it('rings only for the alarm set last', () => {
  const watch = newWatch()
  watch.set(50, 'first')
  watch.set(20, 'sooner')
  watch.set(80, 'later')
  vi.advanceTimersByTime(79)
  expect(watch.rings).toEqual([])
  vi.advanceTimersByTime(1000)
  expect(watch.rings).toEqual(['later'])
})

it('does not wait for the timer of an alarm that was later', () => {
  const watch = newWatch()
  watch.set(5000, 'later')
  watch.set(20, 'sooner')
  vi.advanceTimersByTime(20)
  expect(watch.rings).toEqual(['sooner'])
})

it('rings for none once there is none, and for the next', () => {
  const watch = newWatch()
  watch.set(50, 'first')
  watch.clock.setAlarm(null, () => watch.rings.push('none'))
  vi.advanceTimersByTime(100)
  expect(watch.rings).toEqual([])
  watch.set(10, 'next')
  vi.advanceTimersByTime(10)
  expect(watch.rings).toEqual(['next'])
})

it('sets the next alarm while it rings', () => {
  const watch = newWatch()
  watch.clock.setAlarm(watch.clock.nowMs() + 10, () => watch.set(10, 'second'))
  vi.advanceTimersByTime(20)
  expect(watch.rings).toEqual(['second'])
})

it('waits longer than one timer can', () => {
  const watch = newWatch()
  watch.set(150_000)
  vi.advanceTimersByTime(149_999)
  expect(watch.rings).toEqual([])
  vi.advanceTimersByTime(1)
  expect(watch.rings).toEqual(['alarm'])
})

it('takes no timer for an alarm that is put off, or is late already', () => {
  const watch = newWatch()
  for (let step = 0; step < 100; step++) {
    watch.set(100)
    vi.advanceTimersByTime(0.5)
  }
  expect(watch.setTimeout).toHaveBeenCalledTimes(1)
  watch.clock.setAlarm(0, () => watch.rings.push('late'))
  for (let step = 0; step < 10; step++) watch.clock.setAlarm(0, () => watch.rings.push('late'))
  vi.advanceTimersByTime(0)
  expect(watch.rings).toEqual(['late'])
  expect(watch.setTimeout).toHaveBeenCalledTimes(2)
})
