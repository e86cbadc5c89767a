/**
 * Looks at the mesh of a running simulation now and then, and keeps a few figures of each look: how many neighbours
 * peers have, whether everybody can be reached and how far away the furthest is, and what peers think how many they are.
 */

import { Random } from '../src/core/random.ts'
import type { Session } from '../src/core/session.ts'
import { adjacencyOf, components, degreeHistogram, pathLengths } from './graph.ts'
import type { Inspection } from './inspection.ts'
import { mean, quantile, sorted } from './statistics.ts'

/** The mesh at a moment. */
export interface MeshSample {
  readonly atMs: number
  /** Alive and known to the topology server: those who can have neighbours. */
  readonly peers: number
  /** Sockets that the topology server holds. */
  readonly sockets: number
  readonly meanDegree: number
  /** Peers by their number of neighbours, from 0 on. */
  readonly degrees: readonly number[]
  /** Components of the graph, and the share of all peers in the largest. */
  readonly components: number
  readonly largestShare: number
  /** Peers outside the largest that have had time to find their way into it. */
  readonly strays: number
  /** Longest and mean shortest path, from a sample of peers. */
  readonly longestPath: number
  readonly meanPath: number
  /** What peers take the swarm's size for, ÷ its true size; by estimator. */
  readonly estimates: Readonly<Record<string, EstimateSpread>>
}

export interface EstimateSpread {
  /** Peers that have an estimate. */
  readonly peers: number
  readonly p10: number
  readonly median: number
  readonly p90: number
}

/** Who came no longer ago than this, in ms, may still be looking for neighbours. */
const SETTLES_WITHIN_MS = 10_000

/** Peers that shortest paths are measured from: enough to miss the diameter by no more than a hop. */
const PATH_SOURCES = 32

export class MeshObserver {
  readonly samples: MeshSample[] = []
  private readonly random: Random

  constructor(seed: number) {
    this.random = new Random(seed)
  }

  look(state: Inspection): void {
    const sessions = new Map<string, Session>()
    const settled: boolean[] = []
    for (const { peerId, arrivedMs, session, alive } of state.hosts) {
      if (!alive || peerId === null) continue
      if (!sessions.has(peerId)) settled.push(state.nowMs - arrivedMs > SETTLES_WITHIN_MS)
      sessions.set(peerId, session)
    }
    const graph = adjacencyOf([...sessions.keys()], (id) => sessions.get(id)?.neighbours.keys() ?? [])
    const [largest = [], ...others] = components(graph)
    const paths = pathLengths(graph, PATH_SOURCES, this.random)
    this.samples.push({
      atMs: Math.round(state.nowMs),
      peers: graph.length,
      sockets: state.sockets,
      meanDegree: rounded(graph.length === 0 ? 0 : mean(graph.map(({ length }) => length))),
      degrees: degreeHistogram(graph),
      components: graph.length === 0 ? 0 : 1 + others.length,
      largestShare: rounded(largest.length / Math.max(1, graph.length), 1e4),
      strays: others.flat().filter((node) => settled[node]).length,
      longestPath: paths.longest,
      meanPath: rounded(paths.mean),
      estimates: estimatesIn([...sessions.values()]),
    })
  }
}

/** The one that sessions go by. */
export const CHOSEN_ESTIMATE = 'chosen'

/** Each way in which a session knows the size of its swarm; null: it does not know. */
const ESTIMATORS: Readonly<Record<string, (report: Session['groupSize']) => number | null>> = {
  [CHOSEN_ESTIMATE]: ({ chosen }) => chosen,
  'server’s count': ({ serverCount }) => serverCount,
  'from mean distance': ({ meanHop }) => meanHop,
  '(η̄−1)^mean distance': ({ powerOfMeanHop }) => powerOfMeanHop,
  'Slurpie: (η̄−1)^longest distance': ({ powerOfMaxHop }) => powerOfMaxHop,
}

function estimatesIn(sessions: readonly Session[]): Record<string, EstimateSpread> {
  const spreads: Record<string, EstimateSpread> = {}
  const reports = sessions.map(({ groupSize }) => groupSize)
  for (const [name, estimate] of Object.entries(ESTIMATORS)) {
    const values = sorted(reports.flatMap((report) => estimate(report) ?? []))
    if (values.length === 0) continue
    const share = (of: number): number => rounded(quantile(values, of) / sessions.length, 1e4)
    spreads[name] = { peers: values.length, p10: share(0.1), median: share(0.5), p90: share(0.9) }
  }
  return spreads
}

function rounded(value: number, parts = 1000): number {
  return Math.round(value * parts) / parts
}
