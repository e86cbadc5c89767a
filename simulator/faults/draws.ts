/** Ways of drawing what a random scenario is made of. */

import type { Random } from '../../src/core/random.ts'

export function oneOf<T>(choices: readonly [T, ...T[]], random: Random): T {
  return choices[random.below(choices.length)] ?? choices[0]
}

/** Between two positive numbers, each order of magnitude as likely as any other. */
export function spreadBetween(low: number, high: number, random: Random): number {
  return low * (high / low) ** random.fraction()
}

/** What `make` makes, with this probability. */
export function perhaps<T>(probability: number, random: Random, make: () => T): T | undefined {
  return random.fraction() < probability ? make() : undefined
}

/** Without the fields that are absent. */
export function present<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>
}

/** A part of the time up to `endMs`. */
export function periodWithin(
  endMs: number,
  longestMs: number,
  random: Random,
): { fromMs: number; untilMs: number } {
  const lengthMs = Math.min(endMs, random.between(0.1, 1) * longestMs)
  const fromMs = Math.round(random.between(0, endMs - lengthMs))
  return { fromMs, untilMs: Math.round(fromMs + lengthMs) }
}
