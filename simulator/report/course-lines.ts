/** Lines of plots over the course of a run. */

import type { CoursePoint } from '../course.ts'
import type { RunRecord } from './records.ts'

type Points = readonly (readonly [atMs: number, value: number])[]

/** What is at each moment. */
export function stateOver(run: RunRecord | undefined, of: (point: CoursePoint) => number): Points {
  return (run?.course ?? []).map((point) => [point.atMs, of(point)])
}

/** How fast something grows, a second, from each moment to the next. */
export function rateOver(run: RunRecord | undefined, of: (point: CoursePoint) => number): Points {
  const course = run?.course ?? []
  return course.slice(1).flatMap((point, place) => {
    const before = course[place]
    if (before === undefined || point.atMs <= before.atMs) return []
    return [[point.atMs, ((of(point) - of(before)) * 1000) / (point.atMs - before.atMs)] as const]
  })
}

/** All that origin and peers have sent. */
export function sentBytes({ originBytes, seedBytes, leecherBytes }: CoursePoint): number {
  return originBytes + seedBytes + leecherBytes
}

/** In other units, such as minutes and MB. */
export function scaled(points: Points, msEach: number, valueEach: number): [x: number, y: number][] {
  return points.map(([atMs, value]) => [atMs / msEach, value / valueEach])
}
