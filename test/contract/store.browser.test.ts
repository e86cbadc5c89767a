import { IndexedDbStore } from '../../src/browser/indexeddb-store.ts'
import { MemoryStore } from '../../src/browser/memory-store.ts'
import { storeContract } from './store.suite.ts'

storeContract('MemoryStore', { createStore: () => new MemoryStore(), isPersistent: false })

storeContract('IndexedDbStore with Blobs', {
  createStore: () => new IndexedDbStore({ visitor: 'contract', keepBlobs: true }),
  isPersistent: true,
})

storeContract('IndexedDbStore with buffers', {
  createStore: () => new IndexedDbStore({ visitor: 'contract-buffers', keepBlobs: false }),
  isPersistent: true,
})
