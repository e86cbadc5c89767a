/**
 * The hello between neighbours: what is said, and when two visitors' files are the same.
 */

import type { FileFacts } from '../types.ts'
import { PROTOCOL_VERSION } from '../wire/limits.ts'
import { FEATURE, type Hello } from '../wire/peer-messages.ts'

export function helloOf(facts: FileFacts, wantsDigests: boolean): Hello {
  return {
    type: 'hello',
    version: PROTOCOL_VERSION,
    features: wantsDigests ? FEATURE.wantsDigests : 0,
    sizeBytes: facts.sizeBytes,
    chunkBytes: facts.chunkBytes,
    validator: facts.validator,
    root: facts.root,
  }
}

/** The facts in a hello. The root is a neighbour's word, as all of it is. */
export function factsOf(hello: Hello): FileFacts {
  return {
    sizeBytes: hello.sizeBytes,
    chunkBytes: hello.chunkBytes,
    validator: hello.validator,
    root: hello.root,
  }
}

/**
 * Whether chunks may pass between the two. Size and chunk size must be the same. Equal roots settle it; different
 * ones refuse; else validators that are both known must be the same.
 */
export function agree(ours: FileFacts, theirs: FileFacts): boolean {
  if (ours.sizeBytes !== theirs.sizeBytes || ours.chunkBytes !== theirs.chunkBytes) return false
  if (ours.root !== null && theirs.root !== null) return ours.root === theirs.root
  return ours.validator === null || theirs.validator === null || ours.validator === theirs.validator
}
