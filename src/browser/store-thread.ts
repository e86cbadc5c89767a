/** What runs in a thread that stores chunks for a page: it writes what it is sent as Blobs, a transaction a message. */

import { setMany } from 'idb-keyval'

import { newBlob } from './chunk-blob.ts'
import { IdbConnection } from './idb-connection.ts'
import type { FromStoreThread, ToStoreThread } from './store-thread-messages.ts'

/** Serves the page from now on. */
export function storeForPage(): void {
  const connections = new Map<string, IdbConnection>()

  addEventListener('message', ({ data }: MessageEvent<ToStoreThread>) => {
    put(data).then(
      () => say({ type: 'kept', buffer: data.buffer }, [data.buffer]),
      () => say({ type: 'failed' }),
    )
  })
  say({ type: 'begun' })

  async function put({ database, buffer, chunks }: ToStoreThread): Promise<void> {
    const entries = chunks.map(({ key, offset, length }): [IDBValidKey, Blob] => [
      key,
      newBlob(new Uint8Array(buffer, offset, length)),
    ])
    await connectionTo(database).run((use) => setMany(entries, use))
  }

  function connectionTo(database: string): IdbConnection {
    const connection = connections.get(database) ?? new IdbConnection(database)
    connections.set(database, connection)
    return connection
  }
}

function say(message: FromStoreThread, transfer: ArrayBuffer[] = []): void {
  postMessage(message, { transfer })
}
