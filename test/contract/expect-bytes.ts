import { expect } from 'vitest'

/** Compares lengths and contents of byte arrays, quickly and without printing megabytes. */
export function expectBytes(actual: Uint8Array | null | undefined, expected: Uint8Array): void {
  expect(actual?.byteLength).toBe(expected.byteLength)
  expect(actual?.findIndex((byte, index) => byte !== expected[index])).toBe(-1)
}
