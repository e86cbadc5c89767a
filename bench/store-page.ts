/**
 * The page's half of raw measurements: how fast this very profile takes buffers through idb-keyval, and how fast a page gets
 * bytes from an origin and forgets them. What a download that keeps its chunks can at best reach.
 */

import { clear, createStore, setMany } from 'idb-keyval'

/** As chunks of a 100 MB file are kept: 256 KiB each, 4 MB a transaction. */
const BUFFER_BYTES = 256 * 1024
const BUFFERS_PER_TRANSACTION = 16

declare global {
  interface Window {
    /** Writes so many bytes, and resolves to bytes a second. */
    measureSetMany: (totalBytes: number) => Promise<number>
    /** Reads all that is there, and resolves to bytes a second. */
    measureFetch: (url: string) => Promise<number>
  }
}

window.measureSetMany = async (totalBytes) => {
  const store = createStore('raw-measurement', 'buffers')
  const batches = Math.ceil(totalBytes / (BUFFER_BYTES * BUFFERS_PER_TRANSACTION))
  const startedMs = performance.now()
  for (let batch = 0; batch < batches; batch++) {
    const entries = Array.from(
      { length: BUFFERS_PER_TRANSACTION },
      (_, index): [IDBValidKey, ArrayBuffer] => [
        batch * BUFFERS_PER_TRANSACTION + index,
        crypto.getRandomValues(new Uint8Array(64 * 1024)).buffer.transfer(BUFFER_BYTES),
      ],
    )
    await setMany(entries, store)
  }
  const elapsedMs = performance.now() - startedMs
  await clear(store)
  return (batches * BUFFERS_PER_TRANSACTION * BUFFER_BYTES * 1_000) / elapsedMs
}

window.measureFetch = async (url) => {
  const startedMs = performance.now()
  const { body } = await fetch(url, { cache: 'no-store' })
  if (body === null) throw new Error('The origin sent nothing.')
  let bytes = 0
  for await (const piece of body) bytes += piece.byteLength
  return (bytes * 1_000) / (performance.now() - startedMs)
}
