/**
 * Command-line options of demo and bench, from text to what they mean. All throw RangeError with a sentence.
 */

export interface Limits {
  readonly from: number
  readonly to: number
}

export function number(name: string, text: string, { from, to }: Limits): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= from && value <= to) return value
  throw new RangeError(`${name} is a number from ${from} to ${to}, not "${text}".`)
}

export function whole(name: string, text: string, limits: Limits): number {
  const value = number(name, text, limits)
  if (Number.isInteger(value)) return value
  throw new RangeError(`${name} is a whole number, not "${text}".`)
}

export function oneOf<T extends string>(name: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === text)
  if (found !== undefined) return found
  throw new RangeError(`${name} is one of ${allowed.join(', ')}, not "${text}".`)
}
