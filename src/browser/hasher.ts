/**
 * SHA-2 as the page can have it: chunks by WebCrypto, whole files by WASM (WebCrypto has no running hash), and both
 * by JavaScript where there is no WebCrypto (insecure contexts) or no WASM (strict Content-Security-Policy).
 */

import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { createSHA256, createSHA384, createSHA512 } from 'hash-wasm'

import type { Bytes, FileHash, FileHashAlgorithm, Hasher } from '../ports.ts'

const WASM = { sha256: createSHA256, sha384: createSHA384, sha512: createSHA512 } as const
const JAVASCRIPT = { sha256, sha384, sha512 } as const

export interface HasherOptions {
  /** Uses neither WebCrypto nor WASM. Default false. */
  readonly javascriptOnly?: boolean
}

export function createHasher(options: HasherOptions = {}): Hasher {
  const javascriptOnly = options.javascriptOnly ?? false
  return {
    digest: (bytes) => digest(bytes, javascriptOnly),
    createFileHash: async (algorithm) =>
      (javascriptOnly ? null : await createWasmHash(algorithm)) ?? createJavascriptHash(algorithm),
  }
}

async function digest(bytes: Bytes, javascriptOnly: boolean): Promise<Uint8Array> {
  // Undefined in insecure contexts, whatever the types say.
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined
  if (javascriptOnly || subtle === undefined) return sha256(bytes)
  return new Uint8Array(await subtle.digest('SHA-256', bytes))
}

async function createWasmHash(algorithm: FileHashAlgorithm): Promise<FileHash | null> {
  try {
    const hash = await WASM[algorithm]()
    return {
      update: (bytes) => void hash.update(bytes),
      digest: () => hash.digest('binary'),
    }
  } catch {
    return null
  }
}

function createJavascriptHash(algorithm: FileHashAlgorithm): FileHash {
  const hash = JAVASCRIPT[algorithm].create()
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => hash.digest(),
  }
}
