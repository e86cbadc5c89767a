/** Hashes of whole files by WASM, as WebCrypto has no running hash. */

import { createSHA256, createSHA384, createSHA512 } from 'hash-wasm'

import type { FileHash, FileHashAlgorithm } from '../ports.ts'
import { LocalHash } from './local-hash.ts'

const WASM = { sha256: createSHA256, sha384: createSHA384, sha512: createSHA512 } as const

/** Null where the page's policy forbids it. */
export async function createWasmHash(algorithm: FileHashAlgorithm): Promise<FileHash | null> {
  try {
    const hash = await WASM[algorithm]()
    return new LocalHash(
      (bytes) => hash.update(bytes),
      () => hash.digest('binary'),
    )
  } catch {
    return null
  }
}
