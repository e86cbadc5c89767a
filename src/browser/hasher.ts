/**
 * SHA-2 as the page can have it: chunks by WebCrypto, whole files by WASM (WebCrypto has no running hash), and both
 * by JavaScript where there is no WebCrypto (insecure contexts) or no WASM (strict Content-Security-Policy).
 */

import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'

import type { Bytes, FileHash, FileHashAlgorithm, Hasher } from '../ports.ts'
import { LocalHash } from './local-hash.ts'
import { LONG_FILE_BYTES } from './page-threads.ts'
import type { NewThread } from './thread.ts'
import { beginThreadedHash } from './threaded-hash.ts'
import { createWasmHash } from './wasm-hash.ts'

const JAVASCRIPT = { sha256, sha384, sha512 } as const

export interface HasherOptions {
  /** Uses neither WebCrypto nor WASM. Default false. */
  readonly javascriptOnly?: boolean
  /** Starts the thread for long files. Default null: none. */
  readonly newThread?: NewThread | null
}

export function createHasher(options: HasherOptions = {}): Hasher {
  const javascriptOnly = options.javascriptOnly ?? false
  let newThread = options.newThread ?? null
  return {
    digest: (bytes) => digest(bytes, javascriptOnly),
    createFileHash: async (algorithm, sizeBytes) => {
      if (newThread !== null && sizeBytes >= LONG_FILE_BYTES) {
        const failed = (): void => void (newThread = null)
        const hash = await beginThreadedHash(newThread, algorithm, failed)
        if (hash !== null) return hash
      }
      return (javascriptOnly ? null : await createWasmHash(algorithm)) ?? createJavascriptHash(algorithm)
    },
  }
}

async function digest(bytes: Bytes, javascriptOnly: boolean): Promise<Uint8Array> {
  // Undefined in insecure contexts, whatever the types say.
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined
  if (javascriptOnly || subtle === undefined) return sha256(bytes)
  return new Uint8Array(await subtle.digest('SHA-256', bytes))
}

function createJavascriptHash(algorithm: FileHashAlgorithm): FileHash {
  const hash = JAVASCRIPT[algorithm].create()
  return new LocalHash(
    (bytes) => hash.update(bytes),
    () => hash.digest(),
  )
}
