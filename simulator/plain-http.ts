/**
 * The same visitors without a swarm: each opens one response of the whole file, over the same lines, from the same
 * origin. What a swarm is held against.
 */

import { Random } from '../src/core/random.ts'
import { EventQueue } from './event-queue.ts'
import type { SimulateOptions } from './inspection.ts'
import { Network, placeOfOrigin } from './network.ts'
import { population } from './population.ts'
import type { PeerOutcome, RunResult, Scenario } from './scenario.ts'
import { OriginClient } from './origin-client.ts'
import { SimOrigin } from './sim-origin.ts'
import { DEFAULT_MAX_MS } from './simulation.ts'
import { Tally } from './tally.ts'

/** Trouble with peers and servers does not touch plain downloads; nobody dies and nobody comes instead. */
export function simulatePlain(scenario: Scenario, options: SimulateOptions = {}): RunResult {
  const queue = new EventQueue()
  const origin = new SimOrigin(queue, scenario.origin)
  const random = new Random(scenario.seed)
  const visitors = population(scenario, random.fork())
  const network = new Network(scenario.latency, random.fork())
  const tookMs: (number | null)[] = visitors.map(() => null)
  let [completed, openTimeMs, lastMs] = [0, 0, 0]
  for (const { index, arrivesMs, link } of visitors)
    queue.callAt(arrivesMs, () => {
      const rttMs = scenario.origin.rttMs ?? network.rttMs(index, placeOfOrigin(0))
      const client = new OriginClient(rttMs, link.downBytesPerSec / 1000)
      const arrived = (bytes: number): void => {
        if (bytes < scenario.sizeBytes) return
        tookMs[index] = queue.nowMs - arrivesMs
        completed++
        lastMs = queue.nowMs
        openTimeMs = origin.openTimeMs
      }
      origin.ask({ client, lengthBytes: scenario.sizeBytes, stepBytes: Infinity, opened: () => {}, arrived })
    })
  const maxMs = scenario.maxMs ?? DEFAULT_MAX_MS
  while (completed < visitors.length && queue.nextMs <= maxMs && queue.step())
    if (queue.happened % 100_000 === 0)
      options.onProgress?.({
        virtualMs: queue.nowMs,
        completed,
        peers: visitors.length,
        events: queue.happened,
      })
  const tally = new Tally()
  if (completed < visitors.length) tally.violate(`Only ${completed} of ${visitors.length} became complete.`)
  const makespanMs = Math.max(0, lastMs - (visitors[0]?.arrivesMs ?? 0))
  return {
    scenario: scenario.name,
    policy: 'plain',
    seed: scenario.seed,
    peers: visitors.map(({ index, link, arrivesMs }): PeerOutcome => ({
      index,
      link: link.name,
      arrivedMs: arrivesMs,
      tookMs: tookMs[index] ?? null,
      died: false,
      failure: null,
      bytesFromOrigin: tookMs[index] === null ? 0 : scenario.sizeBytes,
      bytesFromPeers: 0,
      bytesToPeers: 0,
    })),
    makespanMs,
    originCopies: scenario.sizeBytes > 0 ? origin.bytesSent / scenario.sizeBytes : 0,
    originRequests: origin.requests,
    originOpenMean: makespanMs > 0 ? openTimeMs / makespanMs : 0,
    originOpenMax: origin.openMax,
    inputs: 0,
    inputsByKind: {},
    chunksKept: 0,
    bytesFromPeers: 0,
    controlBytes: 0,
    topology: { socketsMax: 0, socketsAtEnd: 0, messagesIn: 0, messagesOut: 0, joins: 0 },
    events: queue.happened,
    trace: tally.trace,
    violations: tally.violations,
  }
}
