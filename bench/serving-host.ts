/**
 * The host with the origin and what a system needs beside it, in a network namespace of its own, where nobody but those who
 * are within may ask the origin what it has sent. Usage: `tsx bench/serving-host.ts '{"system":"swarm","sizeBytes":…,…}'`.
 */

import type { Job } from '../testbed/page-agent.ts'
import { answerQuestions } from '../testbed/questions.ts'
import type { SampleOriginStats } from '../testbed/sample-origin-stats.ts'
import { serve, type ServeOptions } from './serve.ts'

export type ServingAnswers = typeof answers

const served = await serve(JSON.parse(process.argv[2] ?? '{}') as ServeOptions)

const answers = {
  served: (): { readonly job: Job; readonly integrity: string } => ({
    job: served.job,
    integrity: served.origin.integrity,
  }),
  stats: (): Promise<SampleOriginStats> => served.origin.stats(),
  stop: (): Promise<void> => served.stop(),
}
answerQuestions(answers)
console.log('{}')
