/** What keeps the simulator itself honest: its codec sample, its traces, and its eye on a clock that stands still. */

import { describe, expect, it } from 'vitest'

import { CodecSample, CODECS } from '../../../simulator/codec-sample.ts'
import { jobOf, type RunRecord } from '../../../simulator/report/records.ts'
import { runJobs } from '../../../simulator/report/workers.ts'
import type { Scenario } from '../../../simulator/scenario.ts'
import { simulate } from '../../../simulator/simulation.ts'
import { MAX_AT_ONE_INSTANT, Standstill, StandstillWatch } from '../../../simulator/standstill.ts'
import { Random } from '../../../src/core/random.ts'
import type { PeerMessage } from '../../../src/core/wire/peer-messages.ts'

const SMALL: Scenario = {
  name: 'small',
  seed: 11,
  peers: 12,
  sizeBytes: 3_000_000,
  origin: { upBytesPerSec: 1_250_000 },
  links: [{ name: 'home', share: 1, upBytesPerSec: 2_500_000, downBytesPerSec: 12_500_000 }],
  latency: { rttMs: [10, 60], jitterShare: 0.3 },
  arrivals: { kind: 'poisson', meanMs: 200 },
  departure: { kind: 'linger', ms: 3000 },
  trouble: { churn: { fromMs: 1000, untilMs: 3000, everyMs: 500, share: 0.1 } },
}

describe('the codec sample', () => {
  const MESSAGES = 10_000
  const request: PeerMessage = { type: 'request', chunks: [1, 2, 3] }

  /** How many of the messages were encoded, and what was said of them. */
  function sampled(codecs: typeof CODECS): { encoded: number; sentences: string[] } {
    let encoded = 0
    const sentences: string[] = []
    const counting: typeof CODECS = {
      ...codecs,
      encodePeerMessage: (message) => {
        encoded++
        return codecs.encodePeerMessage(message)
      },
    }
    const sample = new CodecSample(new Random(1), (sentence) => sentences.push(sentence), counting)
    for (let sent = 0; sent < MESSAGES; sent++) sample.peer(request)
    return { encoded, sentences }
  }

  it('takes one message in a hundred, and says nothing of a codec that is right', () => {
    const { encoded, sentences } = sampled(CODECS)
    expect(encoded).toBeGreaterThan(70)
    expect(encoded).toBeLessThan(140)
    expect(sentences).toEqual([])
  })

  it('tells of a message that comes out as another', () => {
    const { sentences } = sampled({ ...CODECS, decodePeerFrame: () => ({ type: 'request', chunks: [1, 2] }) })
    expect(sentences.length).toBeGreaterThan(70)
    expect(sentences[0]).toContain('request')
  })

  it('tells of a frame that is not as long as it was charged for', () => {
    const { sentences } = sampled({
      ...CODECS,
      encodedByteLength: (message) => CODECS.encodedByteLength(message) - 1,
    })
    expect(sentences[0]).toContain('longer')
  })

  it('tells of a topology message that is lost', () => {
    const sentences: string[] = []
    const codecs: typeof CODECS = { ...CODECS, parseClientMessage: () => null }
    const sample = new CodecSample(new Random(1), (sentence) => sentences.push(sentence), codecs)
    sample.toServer({ type: 'ping' })
    expect(sentences).toEqual([expect.stringContaining('ping')])
  })
})

describe('a run', () => {
  it('takes the same course in other processes', async () => {
    const records: RunRecord[] = []
    await runJobs([jobOf(SMALL, 'swarm'), jobOf(SMALL, 'swarm')], {
      workers: 2,
      lookEveryMs: () => null,
      errors: 'ignore',
      ended: (_job, record) => Promise.resolve(void records.push(record)),
      failed: (_job, reason) => expect.unreachable(reason),
    })
    const here = simulate(SMALL)
    expect(records.map(({ trace }) => trace)).toEqual([here.trace, here.trace])
    expect(records.map(({ inputsByKind }) => inputsByKind)).toEqual([here.inputsByKind, here.inputsByKind])
    expect(here.violations).toEqual([])
  })

  it('whose clock stands still ends, and says where it stood', () => {
    // Looks that come again at once, forever.
    const { violations, events } = simulate(SMALL, { inspect: { everyMs: 0, look: () => {} } })
    expect(violations[0]).toMatch(/stands still at 0 ms.*event.*Scenario small, seed 11\.$/)
    expect(events).toBeLessThanOrEqual(MAX_AT_ONE_INSTANT)
  })
})

describe('the watch over the clock', () => {
  const most = MAX_AT_ONE_INSTANT

  it('lets happen as much as may happen at one instant, at every instant', () => {
    const watch = new StandstillWatch(10)
    for (const nowMs of [0, 1]) for (let count = 1; count < most; count++) watch.note(nowMs, 'event', -1)
  })

  it('ends more than that, and tells what happened last, and to whom', () => {
    const watch = new StandstillWatch(10)
    const run = (): void => {
      for (let count = 0; count <= most; count++)
        watch.note(7, count % 2 === 0 ? 'tick' : 'message:have', count % 3)
    }
    expect(run).toThrow(Standstill)
    const again = new StandstillWatch(10)
    for (let count = 1; count < most; count++) again.note(7, 'tick', 4)
    expect(() => again.note(7, 'message:have', 5)).toThrow(
      /at 7 ms.*tick of peer 4, message:have of peer 5\.$/,
    )
  })

  it('allows for a crowd that comes at once', () => {
    const watch = new StandstillWatch(100_000)
    for (let count = 0; count < 2 * most; count++) watch.note(0, 'start', count)
  })
})
