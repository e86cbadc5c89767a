import { expect, it } from 'vitest'

import { Arrival, type ArrivalView } from '../../../src/core/arrival.ts'
import { newContext } from './parts.ts'
import { range } from './shapes.ts'

const BEGUN: ArrivalView = {
  isWelcome: false,
  knowsSize: true,
  isFetching: true,
  keptChunks: 0,
  distanceMs: 200,
  isSlow: true,
}

/** It began without the topology server, and has had its second for a first chunk. What it begins now. */
function afterASecond(lateMs: number): string | null {
  const context = newContext([])
  const arrival = new Arrival(context)
  expect(arrival.begin(BEGUN)).toBe('runs')
  arrival.welcomed(44, true)
  context.nowMs += 1000
  for (const _ of range(0, 10)) context.lateness.note(lateMs, 0)
  expect(arrival.isOver()).toBe(true)
  return arrival.begin({ ...BEGUN, isWelcome: true })
}

it('waits longer for a first chunk from far away, but not where it is the processor that is late', () => {
  expect([afterASecond(0), afterASecond(50)]).toEqual([null, 'runs'])
})

it('leaves a first chunk its time, whatever else is heard before that is over', () => {
  const context = newContext([])
  const arrival = new Arrival(context)
  arrival.begin(BEGUN)
  arrival.welcomed(44, true)
  context.nowMs += 999
  expect(arrival.begin({ ...BEGUN, isWelcome: true })).toBeNull()
})
