/**
 * Scenarios come from files, which anybody may write: every field is bounded here, and what is not understood is
 * refused with a `ScenarioError` that says where it is.
 */

import { defaultChunkBytes } from '../src/core/geometry.ts'
import { MECHANISMS } from '../src/core/mechanisms.ts'
import { MAX_CHUNK_BYTES, MAX_CHUNKS, MAX_FILE_BYTES, MIN_CHUNK_BYTES } from '../src/core/wire/limits.ts'
import { MAX_TIME_MS, parseTrouble, PERIOD, SHARE, TIME } from './faults/parse-trouble.ts'
import { Fields, numberAt, ScenarioError, type Bounds } from './fields.ts'
import type {
  AccessLink,
  ArrivalPhase,
  Arrivals,
  Departure,
  LatencyModel,
  OriginModel,
  Scenario,
} from './scenario.ts'

/** What somebody wants otherwise than the file says; null: as it says. */
export interface Overrides {
  readonly seed: number | null
  readonly peers: number | null
  readonly sizeBytes: number | null
}

/** Most peers of a scenario: ten times the largest that is run here. */
export const MAX_PEERS = 100_000
/** Seeds are 32 bits. */
export const MAX_SEED: number = 2 ** 32 - 1
/** Longest name of a scenario, its file's included. */
export const MAX_NAME_LENGTH = 120
/** Most kinds of access link. */
const MAX_LINKS = 32
/** Most phases of arrivals. */
const MAX_PHASES = 100

/** Most mirrors: as many as a page may name. */
const MAX_MIRRORS = 8
/** Smallest chunk where nobody hears of it: the wire's least is for hellos, and papers have smaller pieces. */
const MIN_LONE_CHUNK_BYTES = 1024

const RTT: Bounds = { from: 0, to: 60_000 }
const RATE: Bounds = { from: 1, to: 1e12 }
const COUNT: Bounds = { from: 1, to: 1e9 }

/** Reads a scenario. Whoever calls says `end()` to these fields when all else is read. Throws `ScenarioError`. */
export function parseScenario(fields: Fields, overrides?: Overrides): Scenario {
  const seed = fields.whole('seed', { from: 0, to: MAX_SEED })
  const peers = fields.whole('peers', { from: 1, to: MAX_PEERS })
  const sizeBytes = fields.whole('sizeBytes', { from: 0, to: MAX_FILE_BYTES })
  const size = { peers: overrides?.peers ?? peers, sizeBytes: overrides?.sizeBytes ?? sizeBytes }
  const origin = parseOrigin(fields.raw('origin'), fields.at('origin'))
  const scenario: Scenario = {
    name: fields.name('name', MAX_NAME_LENGTH),
    seed: overrides?.seed ?? seed,
    ...size,
    ...fields.optional('chunkBytes', (key) =>
      fields.whole(key, {
        from: size.peers === 1 ? MIN_LONE_CHUNK_BYTES : MIN_CHUNK_BYTES,
        to: MAX_CHUNK_BYTES,
      }),
    ),
    origin,
    ...fields.optional('mirrors', (key) =>
      fields.list(key, { from: 1, to: MAX_MIRRORS }).map((item) => parseOrigin(...item)),
    ),
    links: fields.list('links', { from: 1, to: MAX_LINKS }).map((item) => parseLink(...item)),
    latency: parseLatency(fields),
    arrivals: parseArrivals(fields, { ...size, origin }),
    departure: parseDeparture(fields),
    ...fields.optional('trouble', () => parseTrouble(fields)),
    ...fields.optional('limits', () => parseLimits(fields)),
    ...fields.optional('without', (key) => fields.someOf(key, MECHANISMS)),
    ...fields.optional('maxMs', (key) => fields.number(key, PERIOD)),
    ...fields.optional('untilMs', (key) => fields.number(key, TIME)),
    ...fields.optional('courseEveryMs', (key) => fields.number(key, PERIOD)),
  }
  const chunks = size.sizeBytes / (scenario.chunkBytes ?? defaultChunkBytes(size.sizeBytes))
  if (chunks > MAX_CHUNKS)
    throw new ScenarioError(`${fields.path} has ${Math.ceil(chunks)} chunks; at most ${MAX_CHUNKS} may be.`)
  checkLinkNames(scenario.links, fields.path)
  return scenario
}

function parseOrigin(value: unknown, path: string): OriginModel {
  const fields = new Fields(value, path)
  const origin: OriginModel = {
    upBytesPerSec: fields.number('upBytesPerSec', RATE),
    ...fields.optional('maxConnections', (key) => fields.whole(key, COUNT)),
    ...fields.optional('maxBytesPerSecPerConnection', (key) => fields.number(key, RATE)),
    ...fields.optional('http', (key) => fields.oneOf<'h1' | 'h2'>(key, ['h1', 'h2'])),
    ...fields.optional('rttMs', (key) => fields.number(key, RTT)),
  }
  fields.end()
  return origin
}

function parseLink(value: unknown, path: string): AccessLink {
  const fields = new Fields(value, path)
  const link: AccessLink = {
    name: fields.name('name', 40),
    share: fields.number('share', { from: 1e-6, to: 1e6 }),
    upBytesPerSec: fields.number('upBytesPerSec', RATE),
    downBytesPerSec: fields.number('downBytesPerSec', RATE),
  }
  fields.end()
  return link
}

function checkLinkNames(links: readonly AccessLink[], path: string): void {
  if (new Set(links.map(({ name }) => name)).size < links.length)
    throw new ScenarioError(`${path}.links have two of one name.`)
}

function parseLatency(scenario: Fields): LatencyModel {
  const fields = new Fields(scenario.raw('latency'), scenario.at('latency'))
  const [low = 0, high = 0] = fields
    .list('rttMs', { from: 2, to: 2 })
    .map(([value, path]) => numberAt(value, path, { from: 0, to: 60_000 }))
  if (low > high) throw new ScenarioError(`${fields.at('rttMs')} goes from low to high.`)
  const jitter = fields.optional('jitterShare', (key) => fields.number(key, { from: 0, to: 10 }))
  fields.end()
  return { rttMs: [low, high], ...jitter }
}

const ARRIVALS = ['atOnce', 'staggered', 'poisson', 'poissonAsServed', 'flash', 'decaying', 'phases'] as const

function parseArrivals(scenario: Fields, given: Pick<Scenario, 'peers' | 'sizeBytes' | 'origin'>): Arrivals {
  const fields = new Fields(scenario.raw('arrivals'), scenario.at('arrivals'))
  const kind = fields.oneOf('kind', ARRIVALS)
  const arrivals = arrivalsOf(kind, fields, given)
  fields.end()
  return arrivals
}

function arrivalsOf(
  kind: (typeof ARRIVALS)[number],
  fields: Fields,
  { peers, sizeBytes, origin }: Pick<Scenario, 'peers' | 'sizeBytes' | 'origin'>,
): Arrivals {
  switch (kind) {
    case 'atOnce':
      return { kind }
    case 'staggered':
      return { kind, everyMs: fields.number('everyMs', TIME) }
    case 'poisson':
    case 'decaying':
      return { kind, meanMs: fields.number('meanMs', TIME) }
    case 'poissonAsServed': {
      // As many in a time as the origin alone could serve in it, but all of them in no less than this.
      const leastMs = fields.number('leastSpanMs', TIME)
      const spanMs = Math.max(((peers * sizeBytes) / origin.upBytesPerSec) * 1000, leastMs)
      return { kind: 'poisson', meanMs: spanMs / peers }
    }
    case 'flash':
      return {
        kind,
        share: fields.number('share', SHARE),
        withinMs: fields.number('withinMs', TIME),
        restMeanMs: fields.number('restMeanMs', TIME),
      }
    case 'phases':
      return {
        kind,
        phases: fields.list('phases', { from: 1, to: MAX_PHASES }).map((item) => parsePhase(...item)),
      }
  }
}

function parsePhase(value: unknown, path: string): ArrivalPhase {
  const fields = new Fields(value, path)
  const phase = { forMs: fields.number('forMs', PERIOD), everyMeanMs: fields.number('everyMeanMs', PERIOD) }
  fields.end()
  return phase
}

function parseDeparture(scenario: Fields): Departure {
  const fields = new Fields(scenario.raw('departure'), scenario.at('departure'))
  const kind = fields.oneOf('kind', ['stay', 'leave', 'linger'])
  const abrupt = (): { abrupt?: boolean } => fields.optional('abrupt', (key) => fields.boolean(key))
  const departure: Departure =
    kind === 'linger'
      ? {
          kind,
          ms: fields.number('ms', TIME),
          ...fields.optional('exact', (key) => fields.boolean(key)),
          ...abrupt(),
        }
      : kind === 'leave'
        ? { kind, ...abrupt() }
        : { kind }
  fields.end()
  return departure
}

/** Settings of a session that a scenario may turn, and their bounds. */
type Limits = NonNullable<Scenario['limits']>
type WordLimit = 'originLoad' | 'groupSizeBy' | 'reciprocity'
const LIMITS: Readonly<Record<Exclude<keyof Limits, WordLimit>, Bounds>> = {
  seats: { from: 1, to: MAX_PEERS },
  neighbours: { from: 1, to: 1000 },
  maxUploadBytesPerSec: RATE,
  maxUploadRatio: { from: 0, to: 1e6 },
  topologyPatienceMs: { from: 0, to: 600_000 },
  rewireMs: { from: 1, to: MAX_TIME_MS },
}

/** Those that may be left open, and those that need not be whole. */
const NULLABLE: ReadonlySet<string> = new Set(['seats', 'maxUploadBytesPerSec', 'maxUploadRatio'])

function read(fields: Fields, key: string, bounds: Bounds): number {
  return key === 'maxUploadRatio' ? fields.number(key, bounds) : fields.whole(key, bounds)
}

function parseLimits(scenario: Fields): Limits {
  const fields = new Fields(scenario.raw('limits'), scenario.at('limits'))
  const limits: Record<string, number | string | null> = {}
  for (const [key, bounds] of Object.entries(LIMITS))
    if (fields.has(key))
      limits[key] = NULLABLE.has(key) && fields.raw(key) === null ? null : read(fields, key, bounds)
  if (fields.has('originLoad')) {
    const load = fields.raw('originLoad')
    limits['originLoad'] =
      typeof load === 'number'
        ? fields.number('originLoad', { from: 1e-3, to: MAX_PEERS })
        : fields.oneOf('originLoad', ['adaptive', 'full'])
  }
  if (fields.has('reciprocity'))
    limits['reciprocity'] = fields.oneOf('reciprocity', ['givers', 'titForTat', 'none'])
  if (fields.has('groupSizeBy'))
    limits['groupSizeBy'] = fields.oneOf('groupSizeBy', ['best', 'maxHop', 'server'])
  fields.end()
  return limits
}
