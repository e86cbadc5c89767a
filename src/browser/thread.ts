/** The threads that work for a page: one script, which finds out by its name what it is to do. */

import { hashForPage } from './hash-thread.ts'
import { storeForPage } from './store-thread.ts'

/**
 * What each kind of thread runs. A script that finds itself with one of these names and without a document is to work. The
 * numbers are those of the messages: a page may be older than the script that its thread loads.
 */
const WORK: Readonly<Record<ThreadName, () => void>> = {
  'swarmfetch-hash-1': hashForPage,
  'swarmfetch-store-1': storeForPage,
}

export type ThreadName = 'swarmfetch-hash-1' | 'swarmfetch-store-1'

/** Starts a thread of this name. Throws, or the worker reports an error, where the page's policy forbids it. */
export type NewThread = (name: ThreadName) => Worker

/** Null for what runs in a page. */
function threadName(): ThreadName | null {
  const { document, name } = globalThis as { document?: unknown; name?: unknown }
  return document === undefined && typeof name === 'string' && Object.hasOwn(WORK, name)
    ? (name as ThreadName)
    : null
}

/** Serves the page from now on. False in a page. */
export function workForPage(): boolean {
  const name = threadName()
  if (name !== null) WORK[name]()
  return name !== null
}
