/**
 * What runs in the thread that hashes for a page: it takes what it is sent, in order. One thread a file. Without WASM it
 * is of no use.
 */

import type { FileHash } from '../ports.ts'
import type { FromHashThread, ToHashThread } from './hash-thread-messages.ts'
import { createWasmHash } from './wasm-hash.ts'

/** Serves the page from now on. */
export function hashForPage(): void {
  let hash: FileHash | null = null
  let last: Promise<void> = Promise.resolve()

  addEventListener('message', ({ data }: MessageEvent<ToHashThread>) => {
    last = last.then(() => carryOut(data)).catch(() => say({ type: 'failed' }))
  })

  async function carryOut(message: ToHashThread): Promise<void> {
    switch (message.type) {
      case 'begin':
        hash = await createWasmHash(message.algorithm)
        return say({ type: hash === null ? 'failed' : 'begun' })
      case 'update': {
        const { buffer, lengthBytes } = message
        await hash?.update(new Uint8Array(buffer, 0, lengthBytes))
        return say({ type: 'updated', buffer }, [buffer])
      }
      case 'digest':
        return say(hash === null ? { type: 'failed' } : { type: 'digest', digest: await hash.digest() })
    }
  }
}

function say(message: FromHashThread, transfer: ArrayBuffer[] = []): void {
  postMessage(message, { transfer })
}
