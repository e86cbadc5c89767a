/** Looks at a page's memory while it works: JavaScript's heap with its garbage, and the buffers beside it. */

import { setTimeout as pause } from 'node:timers/promises'

import type { Page } from 'playwright-core'

export interface HeapPeak {
  readonly usedBytes: number
  readonly buffersBytes: number
}

export interface HeapWatch {
  /** Heap and buffers when together they were most. */
  readonly peak: HeapPeak
  stop(): Promise<void>
}

/** Often enough for downloads of seconds, and no load. */
const LOOK_EVERY_MS = 200

export async function watchHeap(page: Page): Promise<HeapWatch> {
  const session = await page.context().newCDPSession(page)
  let peak: HeapPeak = { usedBytes: 0, buffersBytes: 0 }
  const over = new AbortController()
  const look = async (): Promise<void> => {
    // Chromium's protocol has had `backingStorageSize` since version 132; playwright's types do not know it.
    const { usedSize, backingStorageSize = 0 } = (await session.send('Runtime.getHeapUsage')) as {
      readonly usedSize: number
      readonly backingStorageSize?: number
    }
    if (usedSize + backingStorageSize > peak.usedBytes + peak.buffersBytes)
      peak = { usedBytes: usedSize, buffersBytes: backingStorageSize }
  }
  const looking = (async () => {
    while (!over.signal.aborted) {
      await look()
      await pause(LOOK_EVERY_MS, null, { signal: over.signal }).catch(() => null)
    }
  })().catch(() => null)
  return {
    get peak() {
      return peak
    },
    stop: async () => {
      over.abort()
      await looking
    },
  }
}
