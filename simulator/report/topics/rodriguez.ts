/** One client, or a swarm, and several mirrors: how near parallel access comes to what they give together. */

import { decimals, percentOf, secondsOf, table } from '../markdown.ts'
import { repeat, violationsOf, type Records, type Writer } from '../page.ts'

const LABELS: readonly (readonly [scenario: string, label: string])[] = [
  ['four-mirrors', '763 KB in 80 pieces, mirrors of 200, 100, 60, 40 kB/s'],
  ['four-mirrors-h2', 'the same over HTTP/2'],
  ['shared-access', '256 KB in 20 pieces, mirrors of 56, 24, 24 kb/s, access of 56 kb/s'],
  ['swarm', '50 peers, 20 MB, mirrors of 5, 3, 2 Mb/s'],
]

export const rodriguez: Writer = (records) => {
  const run: Records = (name, policy) => records(`rodriguez/${name}`, policy)
  const runs = LABELS.map(([name, label]) => ({
    label,
    swarm: run(name, 'swarm'),
    plain: run(name, 'plain'),
  }))
  const rows = runs.flatMap(({ label, swarm, plain }) =>
    swarm === undefined
      ? []
      : [
          [
            label,
            secondsOf(swarm.makespanMs),
            secondsOf(swarm.floor.ms),
            decimals(swarm.ratioToFloor, 3),
            secondsOf(plain?.makespanMs),
            (swarm.originShares ?? []).map((share) => percentOf(share)).join(', '),
            decimals(swarm.originCopies, 3),
          ],
        ],
  )
  const markdown = `# Several mirrors, for one client and for a swarm

Dynamic parallel access (Rodriguez and Biersack, INFOCOM 2000; IEEE/ACM Transactions on Networking 10(4), 2002): a client fetches
pieces of one file from several mirrors at once, and the faster ones give more. The optimum is the size over the lesser of the
client's access and the sum of the mirrors' rates: all of them busy from the first moment to the last. Round trips are 30 to 150 ms, the
shorter the faster the mirror; they and the rates of the first setting are our choice. The plain download takes the first mirror alone.
In the last setting everybody comes at once, and the optimum is that of the three origins sending one copy together.

Pieces are chunks here: what is asked for is a long range, of which the end is handed to whichever mirror is done first. Smaller
chunks than a swarm may have are allowed as the client is alone.

${repeat('rodriguez')}

${table(['setting', 'time s', 'optimum s', '÷ optimum', 'first mirror alone s', 'share by mirror', 'copies'], rows)}

The goal is 1.1 times the optimum for one client, and about one copy from all origins together for a swarm. In the first setting
connections and first requests, two round trips each, and the wait for the file's size at the first mirror cost 1.075 times the
optimum, before anything is shared. From then on a mirror is asked for its next range a round trip before the present one ends, as the
paper does by pipelining: over HTTP/1.1 on a second connection, as browsers do not pipeline. What remains is that the last
pieces do not end at the same moment. In the swarm each origin has seats of its own: they are three times as many as one origin of the
same rate would have, and a third as fast. What is sent beyond one copy are, for the most part, chunks that two seats fetched at
the same time in the last seconds.

${violationsOf(runs.flatMap(({ swarm, plain }) => [swarm, plain]))}
`
  return { markdown, plots: {} }
}
