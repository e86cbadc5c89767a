import { IndexedDbStore } from '../../src/browser/indexeddb-store.ts'
import { newInlineThread } from '../../src/browser/inline-thread.ts'
import { MemoryStore } from '../../src/browser/memory-store.ts'
import { storeContract } from './store.suite.ts'

storeContract('MemoryStore', { createStore: () => new MemoryStore(), isPersistent: false })

storeContract('IndexedDbStore with Blobs', {
  createStore: () => new IndexedDbStore({ visitor: 'contract', keepBlobs: true }),
  isPersistent: true,
})

storeContract('IndexedDbStore with Blobs that a thread writes', {
  createStore: () =>
    new IndexedDbStore({
      visitor: 'contract-thread',
      keepBlobs: true,
      newThread: newInlineThread,
      threadedFromBytes: 0,
    }),
  isPersistent: true,
})

storeContract('IndexedDbStore with buffers', {
  createStore: () => new IndexedDbStore({ visitor: 'contract-buffers', keepBlobs: false }),
  isPersistent: true,
})
