/** What goes wrong, one thing at a time, each held against the same swarm without it; and how many random mixes held. */

import { allTopics } from '../../catalogue.ts'
import { ABSENT, decimals, secondsOf, table, wholeOf } from '../markdown.ts'
import { repeat, violationsOf, type Writer } from '../page.ts'
import type { RunRecord } from '../records.ts'

/** Each fault, the swarm without it where there is one, and what must come of it. */
const ROWS: readonly (readonly [fault: string, beside: string | null, must: string])[] = [
  ['liars', 'free-riders-20', 'asked elsewhere within 5 s; ≤ 1.2 × the time beside as many free riders'],
  ['stallers', 'free-riders-20', 'the same'],
  ['free-riders-20', 'calm-n80', 'givers ≤ 1.1 ×'],
  ['free-riders-25', 'calm-n75', 'givers ≤ 1.1 ×'],
  ['free-riders-50', 'calm-n50', 'givers ≤ 1.1 ×'],
  ['server-restart', 'calm-n200', '≤ 1.05 ×; window full ≤ 60 s; most joins a second ≤ 3 × the mean'],
  ['server-gone', 'calm-n100', '≤ 1.05 ×'],
  ['server-never', null, '≤ 1.05 × plain HTTP'],
  ['churn', 'calm-n100', '≤ 1.5 ×'],
  ['origin-503', 'calm-n100', 'the swarm goes on; no burst > 2 × when it is back'],
  ['origin-429-readable', 'calm-n100', 'the same; no request before Retry-After is over'],
  ['origin-429-unreadable', 'calm-n100', 'the same as 503'],
  ['forgers', 'calm-n27', '≤ 1.5 × plain HTTP'],
  ['forgers-fast-origin', 'calm-fast-origin', '≤ 1.05 × plain HTTP'],
]

export const faults: Writer = (records) => {
  const named = (name: string, policy: 'swarm' | 'plain' = 'swarm'): RunRecord | undefined =>
    records(`faults/${name}`, policy)
  const about = allTopics().find(({ name }) => name === 'faults')?.about ?? ''
  const markdown = `# When things go wrong

${about} Times are of honest peers; those that do harm, and those that give nothing, are counted apart.

${repeat('faults')}

${table(
  [
    'fault',
    'median s',
    'last s',
    'beside',
    '× last',
    '× plain HTTP’s last',
    'origin copies',
    'MB of messages',
    'must',
  ],
  ROWS.map(([fault, beside, must]) => {
    const run = named(fault)
    return [
      fault,
      secondsOf(run?.tookMs?.median),
      secondsOf(run?.tookMs?.last),
      beside ?? ABSENT,
      beside === null ? ABSENT : ratio(run, named(beside)),
      ratio(run, named(fault, 'plain')),
      decimals(run?.originCopies, 2),
      decimals(run === undefined ? null : run.controlBytes / 1e6, 1),
      must,
    ]
  }),
)}

## What was counted

${table(
  [
    'fault',
    'longest left with a liar s',
    'early requests',
    'most requests a second, before',
    'after',
    'chunks passed on without the origin',
    'most joins a second',
    'their mean',
    'window full after s',
    'honest peers banned',
  ],
  ROWS.flatMap(([fault]) => {
    const figures = named(fault)?.faults
    return figures === undefined
      ? []
      : [
          [
            fault,
            secondsOf(figures.longestHeldMs),
            wholeOf(figures.earlyRequests),
            wholeOf(figures.requestPeakBefore),
            wholeOf(figures.requestPeakAfter),
            wholeOf(figures.chunksWithoutOrigin),
            wholeOf(figures.joinPeak),
            decimals(figures.joinMean, 2),
            secondsOf(figures.refilledMs),
            wholeOf(figures.falseBans),
          ],
        ]
  }),
)}

\`npx swarmfetch simulate fault-mix --seeds 1000\` draws a thousand swarms with a random mix of all these faults and holds each
against what must hold whatever goes wrong: no wrong bytes are kept, every download ends well once the faults are over, the
origin’s bytes and every session’s memory are bounded, no honest peer is banned.

${violationsOf(ROWS.map(([fault]) => named(fault)))}
`
  return { markdown, plots: {} }
}

function ratio(run: RunRecord | undefined, beside: RunRecord | undefined): string {
  const [last, other] = [run?.tookMs?.last, beside?.tookMs?.last]
  return last === undefined || other === undefined ? ABSENT : decimals(last / other, 2)
}
