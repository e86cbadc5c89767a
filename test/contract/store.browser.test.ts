import { IndexedDbStore } from '../../src/browser/indexeddb-store.ts'
import { newInlineThread } from '../../src/browser/inline-thread.ts'
import { MemoryStore } from '../../src/browser/memory-store.ts'
import type { StoreIdentity } from '../../src/ports.ts'
import { storeContract } from './store.suite.ts'

storeContract('MemoryStore', { createStore: () => new MemoryStore(), isPersistent: false })

storeContract('IndexedDbStore with Blobs', {
  createStore: () => new IndexedDbStore({ visitor: 'contract', keepBlobs: true }),
  isPersistent: true,
})

/** Its thread has begun when it is open: until then the page would write. */
class ThreadedStore extends IndexedDbStore {
  private begun: Promise<void> = Promise.resolve()

  constructor() {
    super({
      visitor: 'contract-thread',
      keepBlobs: true,
      threadedFromBytes: 0,
      newThread: (name) => {
        const thread = newInlineThread(name)
        this.begun = new Promise((resolve) =>
          // In a task of its own, after whoever else hears it.
          thread.addEventListener('message', () => void setTimeout(resolve), { once: true }),
        )
        return thread
      },
    })
  }

  override async open(identity: StoreIdentity): Promise<readonly number[]> {
    const kept = await super.open(identity)
    await this.put([])
    await this.begun
    return kept
  }
}

storeContract('IndexedDbStore with Blobs that a thread writes', {
  createStore: () => new ThreadedStore(),
  isPersistent: true,
})

storeContract('IndexedDbStore with buffers', {
  createStore: () => new IndexedDbStore({ visitor: 'contract-buffers', keepBlobs: false }),
  isPersistent: true,
})
