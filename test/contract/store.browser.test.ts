import { IndexedDbStore } from '../../src/browser/indexeddb-store.ts'
import { MemoryStore } from '../../src/browser/memory-store.ts'
import { storeContract } from './store.suite.ts'

storeContract('MemoryStore', { createStore: () => new MemoryStore(), isPersistent: false })

storeContract('IndexedDbStore', {
  createStore: () => new IndexedDbStore({ visitor: 'contract' }),
  isPersistent: true,
})

storeContract('IndexedDbStore where Blobs are refused', {
  createStore: () => new IndexedDbStore({ visitor: 'contract-buffers', keepBlobs: false }),
  isPersistent: true,
})
