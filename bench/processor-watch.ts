/** What a browser's threads and some of its pages do while visitors are at work. */

import type { CDPSession, Page } from 'playwright-core'

import type { Testbed } from '../testbed/testbed.ts'
import type { ThreadTimes } from '../testbed/thread-cpu.ts'
import type { CpuProfile } from './profile-tree.ts'

/** So many of the pages are profiled: enough to see what all do, few enough not to slow them down. */
const PROFILED_PAGES = 6

/** Time between two samples, in µs: a thousandth of a processor for each page. */
const SAMPLE_EVERY_US = 1000

/** Looks at a browser from when its visitors start until all have ended. */
export class ProcessorWatch {
  before: ThreadTimes = new Map()
  after: ThreadTimes = new Map()
  readonly profiles: CpuProfile[] = []
  private readonly testbed: Testbed
  private sessions: readonly CDPSession[] = []

  constructor(testbed: Testbed) {
    this.testbed = testbed
  }

  async start(pages: readonly Page[]): Promise<void> {
    const every = Math.max(1, Math.floor(pages.length / PROFILED_PAGES))
    const profiled = pages.filter((_, place) => place % every === 0).slice(0, PROFILED_PAGES)
    this.sessions = await Promise.all(profiled.map((page) => page.context().newCDPSession(page)))
    for (const session of this.sessions) {
      await session.send('Profiler.enable')
      await session.send('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US })
      await session.send('Profiler.start')
    }
    this.before = (await this.testbed.threadSeconds()) ?? new Map()
  }

  async stop(): Promise<void> {
    this.after = (await this.testbed.threadSeconds()) ?? new Map()
    for (const session of this.sessions) this.profiles.push((await session.send('Profiler.stop')).profile)
  }
}
