/** The script of the page's threads is in the bundle, and started from a Blob URL: `worker-src` may forbid that. */

// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./worker-inline.d.ts" />
// oxlint-disable-next-line import/default -- vite makes it
import InlineThread from './inline-thread-script.ts?worker&inline'
import type { ThreadName } from './thread.ts'

export function newInlineThread(name: ThreadName): Worker {
  return new InlineThread({ name })
}
