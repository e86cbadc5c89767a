/** The script of the thread that hashes is in the bundle, and started from a Blob URL: `worker-src` may forbid that. */

// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./worker-inline.d.ts" />
// oxlint-disable-next-line import/default -- vite makes it
import HashThread from './inline-hash-thread-script.ts?worker&inline'

export function newInlineHashThread(): Worker {
  return new HashThread()
}
