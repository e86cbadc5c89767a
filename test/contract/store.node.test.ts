import { expect, test } from 'vitest'

import { MemoryStore } from '../../src/browser/memory-store.ts'
import { chunk, someIdentity, storeContract } from './store.suite.ts'

storeContract('MemoryStore', { createStore: () => new MemoryStore(), isPersistent: false })

test('MemoryStore keeps no more than its limit, and what it has when it reaches it', async () => {
  const store = new MemoryStore({ maxBytes: 2 * chunk(0).bytes.byteLength })
  await store.open(someIdentity())
  await store.put([chunk(0), chunk(1)])
  await expect(store.put([chunk(2)])).rejects.toMatchObject({ name: 'StoreError', reason: 'quota' })
  expect(await store.get(1)).toEqual(chunk(1).bytes)
  expect(await store.get(2)).toBeNull()
  await store.put([chunk(1)])
  await store.remove([0])
  await store.put([chunk(2)])
  expect(await store.get(2)).toEqual(chunk(2).bytes)
})
