import { expect, inject, test } from 'vitest'

import { FetchOrigin } from '../../src/browser/fetch-origin.ts'
import { originContract } from './origin.suite.ts'

originContract('FetchOrigin in a page', {
  createOrigin: (url) => new FetchOrigin({ url }),
  servers: () => inject('originServers'),
  isCrossOrigin: true,
})

test('FetchOrigin sends the headers it is given, preflight and all', async () => {
  const url = inject('originServers')['exposed'] ?? ''
  const before = await countPreflights(url)
  const origin = new FetchOrigin({ url, headers: { 'X-Reason': 'test' } })
  const { body } = await origin.open({ firstByte: 0, lastByte: 9 }, new AbortController().signal)
  await body.cancel()
  expect(await countPreflights(url)).toBe(before + 1)
})

async function countPreflights(url: string): Promise<number> {
  const response = await fetch(new URL('/__stats', url), { cache: 'no-store' })
  return ((await response.json()) as { preflights: number }).preflights
}
