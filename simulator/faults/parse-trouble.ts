/**
 * Reads what goes wrong in a scenario, each field within its bounds. Throws `ScenarioError`.
 */

import { Fields, ScenarioError, type Bounds } from '../fields.ts'
import type { OriginFault, Partition, Period, SlowPeers, Trouble } from './trouble.ts'

/** Ten days: above all that is waited for. */
export const MAX_TIME_MS = 864_000_000

export const TIME: Bounds = { from: 0, to: MAX_TIME_MS }
export const PERIOD: Bounds = { from: 1, to: MAX_TIME_MS }
export const SHARE: Bounds = { from: 0, to: 1 }

/** Most steps of churn, and most cuts of connections. */
const MAX_STEPS = 100_000

/** Most faults of a kind. */
const LIST: Bounds = { from: 0, to: 1000 }

/** A line at a millionth of its rate is as good as none, and a rate of nothing would never end. */
const RATE_SHARE: Bounds = { from: 1e-6, to: 1 }

export function parseTrouble(scenario: Fields): Trouble {
  const fields = new Fields(scenario.raw('trouble'), scenario.at('trouble'))
  const share = (key: string): number => fields.number(key, SHARE)
  const listOf =
    <T>(parse: (fields: Fields) => T) =>
    (key: string): readonly T[] =>
      fields.list(key, LIST).map(([value, path]) => whole(new Fields(value, path), parse))
  const trouble: Trouble = {
    ...fields.optional('churn', (key) => whole(new Fields(fields.raw(key), fields.at(key)), parseChurn)),
    ...fields.optional('topologyOutages', listOf(parseOutage)),
    ...fields.optional('withoutPeersShare', share),
    ...fields.optional('withoutTopologyShare', share),
    ...fields.optional('pollutersShare', share),
    ...fields.optional('liarsShare', share),
    ...fields.optional('stallersShare', share),
    ...fields.optional('forgersShare', share),
    ...fields.optional('forgedPerSec', (key) => fields.number(key, { from: 0.1, to: 10_000 })),
    ...fields.optional('freeRidersShare', share),
    ...fields.optional('hostileUntilMs', (key) => fields.number(key, TIME)),
    ...fields.optional('partitions', listOf(parsePartition)),
    ...fields.optional('slowPeers', listOf(parseSlowPeers)),
    ...fields.optional('originFaults', listOf(parseOriginFault)),
  }
  fields.end()
  return trouble
}

/** What `parse` makes of these fields, if it reads all of them. */
function whole<T>(fields: Fields, parse: (fields: Fields) => T): T {
  const parsed = parse(fields)
  fields.end()
  return parsed
}

function parseChurn(fields: Fields): NonNullable<Trouble['churn']> {
  const churn = {
    fromMs: fields.number('fromMs', TIME),
    untilMs: fields.number('untilMs', TIME),
    everyMs: fields.number('everyMs', PERIOD),
    share: fields.number('share', SHARE),
  }
  checkSteps(churn, fields.path)
  return churn
}

function parseOutage(fields: Fields): { fromMs: number; untilMs: number | null } {
  const fromMs = fields.number('fromMs', TIME)
  const untilMs = fields.raw('untilMs') === null ? null : fields.number('untilMs', TIME)
  return { fromMs, untilMs }
}

function parsePeriod(fields: Fields): Period {
  return { fromMs: fields.number('fromMs', TIME), untilMs: fields.number('untilMs', TIME) }
}

function parsePartition(fields: Fields): Partition {
  return { ...parsePeriod(fields), share: fields.number('share', SHARE) }
}

function parseSlowPeers(fields: Fields): SlowPeers {
  return { ...parsePartition(fields), rateShare: fields.number('rateShare', RATE_SHARE) }
}

function parseOriginFault(fields: Fields): OriginFault {
  const period = parsePeriod(fields)
  const kind = fields.oneOf('kind', ['unavailable', 'tooMany', 'slow', 'cuts'])
  switch (kind) {
    case 'unavailable':
      return { ...period, kind }
    case 'tooMany':
      return {
        ...period,
        kind,
        retryAfterMs: fields.number('retryAfterMs', TIME),
        isReadable: fields.boolean('isReadable'),
      }
    case 'slow':
      return { ...period, kind, rateShare: fields.number('rateShare', RATE_SHARE) }
    case 'cuts': {
      const cuts = { ...period, kind, everyMs: fields.number('everyMs', PERIOD) }
      checkSteps(cuts, fields.path)
      return cuts
    }
  }
}

function checkSteps({ fromMs, untilMs, everyMs }: Period & { everyMs: number }, path: string): void {
  if ((untilMs - fromMs) / everyMs > MAX_STEPS)
    throw new ScenarioError(`${path} has more than ${MAX_STEPS} steps.`)
}
