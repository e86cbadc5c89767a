/**
 * Visitors on hosts of their own, behind lines of their own: network namespaces, with a Chromium in each. For Linux and root.
 */

import { ensureGlobalBuild } from '../testbed/build.ts'
import { openWan } from '../testbed/namespaces.ts'
import { type AnsweringProcess, startInNamespace } from '../testbed/processes.ts'
import { sum } from './figures.ts'
import { patienceMs, type Place } from './place.ts'
import type { ServeOptions } from './serve.ts'
import type { ServingAnswers } from './serving-host.ts'
import type { VisitingAnswers, VisitingHostOptions } from './visiting-host.ts'

/** The origin's host has no line of its own: its rate is the origin's. */
const STRAIGHT = { up: null, down: null }

/** Of all TCP; what most hosts use. */
const CONGESTION_CONTROL = 'cubic'

export const runOnHosts: Place = async ({ scenario, system, seed, say }) => {
  await ensureGlobalBuild(say)
  const wan = await openWan([...scenario.hosts, STRAIGHT], CONGESTION_CONTROL)
  const started: AnsweringProcess<VisitingAnswers>[] = []
  let serving: AnsweringProcess<ServingAnswers> | null = null
  try {
    const [outside, ...homes] = wan.hosts.toReversed()
    if (outside === undefined) throw new Error('There are no hosts.')
    const { sizeBytes, originBitsPerSec } = scenario
    const options: ServeOptions = { system, sizeBytes, seed, originBitsPerSec, host: outside.address }
    serving = await startInNamespace<ServingAnswers>(outside.namespace, 'bench/serving-host.ts', options)
    const { job, integrity } = await serving.ask('served')
    for (const { namespace } of homes.toReversed()) {
      const own: VisitingHostOptions = { system }
      started.push(await startInNamespace<VisitingAnswers>(namespace, 'bench/visiting-host.ts', own))
    }
    await Promise.all(started.map((host) => host.ask('open', job, patienceMs(scenario))))
    await wan.process.ask('look')
    say(`  ${started.length} hosts are there.`)
    await Promise.all(started.map((host) => host.ask('start')))
    const origin = await serving.ask('stats')
    const { latestMs, meanLateMs } = await wan.process.ask('look')
    const visited = await Promise.all(started.map((host) => host.ask('leave')))
    const seconds = visited.flatMap(({ cpuSec }) => cpuSec ?? [])
    return {
      results: visited.map(({ result }) => result),
      integrity,
      origin,
      cpuSec: seconds.length < visited.length ? null : sum(seconds),
      wan: { latestMs, meanLateMs },
    }
  } finally {
    await serving?.ask('stop').catch(() => undefined)
    for (const host of started) await host.kill()
    await serving?.kill()
    await wan.close()
  }
}
