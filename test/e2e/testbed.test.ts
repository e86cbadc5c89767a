import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startSampleOrigin, type SampleOrigin } from '../../testbed/sample-origin.ts'
import { openTestbed, type Testbed } from '../../testbed/testbed.ts'
import { makespanMs, runVisitors } from '../../testbed/visitors.ts'

let testbed: Testbed
let origin: SampleOrigin

beforeAll(async () => {
  testbed = await openTestbed()
  origin = await startSampleOrigin({
    files: { 'quick.bin': new Uint8Array(1_000), 'never.bin': new Uint8Array(1_000) },
    faults: neverAnswered,
  })
})
afterAll(async () => {
  await testbed.close()
  await origin.close()
})

function neverAnswered({ name }: { readonly name: string }): { delayHeadersMs: number } | null {
  return name === 'never.bin' ? { delayHeadersMs: 600_000 } : null
}

describe('headless visitors', () => {
  test('a visitor that never ends is a result, not a hang', async () => {
    const results = await runVisitors(testbed, {
      visitors: 2,
      system: 'http',
      url: origin.url('never.bin'),
      options: {},
      timeoutMs: 300,
    })
    expect(results.map(({ error }) => error?.code)).toEqual(['timeout', 'timeout'])
    expect(results.map(({ integrity }) => integrity)).toEqual([null, null])
  })

  test('a visitor whose page is lost is a result, too', async () => {
    const openAndLose: Testbed['openPages'] = async (count, options) => {
      const opened = await testbed.openPages(count, options)
      setTimeout(() => void opened.pages[0]?.close())
      return opened
    }
    const [result] = await runVisitors(
      { ...testbed, openPages: openAndLose },
      { visitors: 1, system: 'http', url: origin.url('never.bin'), options: {}, timeoutMs: 30_000 },
    )
    expect(result?.error?.code).toBe('page')
  })

  test('plain HTTP that fails is told apart from the library failing', async () => {
    const url = origin.url('missing.bin')
    const run = { visitors: 1, url, options: {}, timeoutMs: 30_000 }
    const [plain] = await runVisitors(testbed, { ...run, system: 'http' })
    const [swarm] = await runVisitors(testbed, { ...run, system: 'swarm' })
    expect([plain?.error?.code, swarm?.error?.code]).toEqual(['http', 'origin-not-found'])
  })

  test('visitors arrive one after the other where they are to, and the makespan counts from the first', async () => {
    const results = await runVisitors(testbed, {
      visitors: 3,
      system: 'http',
      url: origin.url('quick.bin'),
      options: {},
      // Far longer than a busy machine delays one page and not the next.
      staggerMs: 2000,
      timeoutMs: 30_000,
    })
    expect(results[0]?.startedMs).toBe(0)
    expect(results[2]?.startedMs).toBeGreaterThan(results[1]?.startedMs ?? Infinity)
    expect(makespanMs(results)).toBeGreaterThanOrEqual(results[2]?.startedMs ?? Infinity)
  })
})
