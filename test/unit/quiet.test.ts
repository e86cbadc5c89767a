import { describe, expect, it } from 'vitest'

import { whenQuiet } from '../../testbed/quiet.ts'

/** How many quarters of a second it waits for a browser that has used so much after each of them. */
async function quartersFor(used: (quarter: number) => number | null): Promise<number> {
  let quarters = 0
  await whenQuiet(
    () => Promise.resolve(used(quarters)),
    () => Promise.resolve(quarters++),
  )
  return quarters
}

describe('a browser', () => {
  it('is quiet after the first quarter of a second in which it did next to nothing', async () => {
    const used = [1, 1.4, 1.6, 1.62, 1.625, 1.8, 1.8]
    expect(await quartersFor((quarter) => used[quarter] ?? 1.8)).toBe(4)
  })

  it('that never rests is begun with all the same', async () => {
    expect(await quartersFor((quarter) => quarter * 0.25)).toBe(40)
  })

  it('whose time cannot be told is not waited for', async () => {
    expect(await quartersFor(() => null)).toBe(0)
  })
})
