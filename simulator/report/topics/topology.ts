/** How many sockets and messages a swarm costs its topology server, however large it grows. */

import { ABSENT, decimals, table, wholeOf } from '../markdown.ts'
import { image, repeat, violationsOf, type Writer } from '../page.ts'
import { linePlot } from '../plots.ts'
import type { RunRecord } from '../records.ts'

const SIZES = [100, 1_000, 10_000]

/** Arrivals are over by then, for the largest swarm. */
const GROWTH_SEC = 220

export const topology: Writer = (records) => {
  const runs = SIZES.flatMap((peers) => records(`topology/n${peers}`, 'swarm') ?? [])
  const markdown = `# The topology server's load

50 peers a second come (Poisson) for a small file and stay. Then nobody comes for an hour. Then one peer dies and one newcomer
comes: is there anybody left at the server to introduce it to?

${repeat('topology')}

${table(
  [
    'peers',
    'joins',
    'joins a peer',
    'messages in',
    'messages in a peer',
    'messages out',
    'sockets at most',
    'at the end',
    'newcomer’s neighbours',
    'newcomer complete',
  ],
  runs.map((run) => [
    wholeOf(run.peers - 1),
    wholeOf(run.topology.joins),
    decimals(run.topology.joins / run.peers, 2),
    wholeOf(run.topology.messagesIn),
    decimals(run.topology.messagesIn / run.peers, 2),
    wholeOf(run.topology.messagesOut),
    wholeOf(run.topology.socketsMax),
    wholeOf(run.topology.socketsAtEnd),
    ...newcomerOf(run),
  ]),
)}

${image('topology-growth.svg', 'Sockets at the topology server while peers come')}

${image('topology-hour.svg', 'Sockets at the topology server in the hour after')}

${violationsOf(runs)}
`
  return {
    markdown,
    plots: {
      'topology-growth.svg': socketsOver('while peers come', runs, (sec) => sec <= GROWTH_SEC, 's', 1),
      'topology-hour.svg': socketsOver('in the hour after', runs, () => true, 'min', 60),
    },
  }
}

/** The graph does not say who is who; that it is whole, and that everybody is complete, says enough. */
function newcomerOf(run: RunRecord): [string, string] {
  const last = run.mesh?.at(-1)
  const isAlone = last === undefined ? null : (last.degrees[0] ?? 0) > 0
  const unfinished = run.unfinished > 0
  return [isAlone === null ? ABSENT : isAlone ? 'none' : 'some', unfinished ? 'no' : 'yes']
}

function socketsOver(
  title: string,
  runs: readonly RunRecord[],
  within: (sec: number) => boolean,
  unit: string,
  unitSec: number,
): string {
  return linePlot({
    title: `Sockets at the topology server ${title}`,
    x: { name: `time from the first arrival (${unit})`, min: 0 },
    y: { name: 'open sockets', min: 0 },
    lines: runs.map(({ peers, mesh = [] }) => ({
      name: `${wholeOf(peers - 1)} peers`,
      points: mesh.flatMap(({ atMs, sockets }) =>
        within(atMs / 1000) ? [[atMs / 1000 / unitSec, sockets] as const] : [],
      ),
    })),
  })
}
