/**
 * A host with one visitor, in a network namespace of its own: its page is opened, started, and closed when the others have
 * ended, too. Usage: `tsx bench/visiting-host.ts '{"system":"swarm"}'`.
 */

import type { Job, SystemName } from '../testbed/page-agent.ts'
import { answerQuestions } from '../testbed/questions.ts'
import { openTestbed } from '../testbed/testbed.ts'
import { runVisitors, type VisitorResult } from '../testbed/visitors.ts'
import { pagesOf } from './serve.ts'

export interface VisitingHostOptions {
  readonly system: SystemName
}

export interface Visited {
  readonly result: VisitorResult
  /** Of its browser, from the start till this visitor had ended and till all had. */
  readonly cpuSec: number | null
}

export type VisitingAnswers = typeof answers

const { system } = JSON.parse(process.argv[2] ?? '{}') as VisitingHostOptions
const testbed = await openTestbed({ say: (line) => console.error(line), ...pagesOf(system) })
const [loaded, started, ended, leaving] = [gate(), gate(), gate(), gate()]
let visiting: Promise<VisitorResult[]> = Promise.resolve([])
let beforeSec: number | null = null

const answers = {
  /** Resolves when the page is loaded, and its browser is quiet. */
  open: async (job: Job, timeoutMs: number): Promise<void> => {
    visiting = runVisitors(testbed, {
      ...job,
      visitors: 1,
      timeoutMs,
      beforehand: async () => {
        await testbed.whenQuiet()
        loaded.open()
        await started.opened
        beforeSec = await testbed.cpuSeconds()
      },
      ended: async () => {
        ended.open()
        await leaving.opened
      },
    })
    await Promise.race([loaded.opened, visiting])
  },
  /** Resolves when the download has ended, one way or the other. */
  start: async (): Promise<void> => {
    started.open()
    await Promise.race([ended.opened, visiting])
  },
  /** All have ended. */
  leave: async (): Promise<Visited> => {
    const afterSec = await testbed.cpuSeconds()
    leaving.open()
    const [result] = await visiting
    await testbed.close()
    if (result === undefined) throw new Error('Nobody visited.')
    return { result, cpuSec: beforeSec === null || afterSec === null ? null : afterSec - beforeSec }
  },
}
answerQuestions(answers)
console.log('{}')

function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const opening = new EventTarget()
  const opened = new Promise<void>((resolve) => opening.addEventListener('open', () => resolve()))
  return { opened, open: () => opening.dispatchEvent(new Event('open')) }
}
