/** Small arithmetic of results. */

export function sorted(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b)
}

export function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length
}

/** Of values in ascending order, at least one; between two neighbours it is interpolated. `share`: 0 to 1. */
export function quantile(ascending: readonly number[], share: number): number {
  const place = share * (ascending.length - 1)
  const below = ascending[Math.floor(place)] ?? Number.NaN
  const above = ascending[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}
