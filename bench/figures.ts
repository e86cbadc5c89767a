/**
 * Small arithmetic of the benchmarks.
 */

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? NaN
  const lower = sorted[Math.ceil(middle) - 1] ?? NaN
  return (lower + upper) / 2
}

/** Three digits after the point: finer than any of these measurements. */
export function round(value: number): number {
  return Math.round(value * 1_000) / 1_000
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
