/** The first page of the results. */

import type { Topic } from '../catalogue.ts'
import { runsOf } from '../policies.ts'
import { table, wholeOf } from './markdown.ts'
import type { RunRecord } from './records.ts'

export function index(
  topics: readonly { readonly topic: Topic; readonly records: readonly RunRecord[] }[],
): string {
  const commits = new Set(topics.flatMap(({ records }) => records.flatMap(({ commit }) => commit ?? [])))
  return `# Results of the simulator

Whole swarms in one process: the sessions that run in pages and the rooms of the topology server, over a network in virtual
time with shared links, round trips, slow start, arrivals, departures and deaths. The same seed gives the same run. These
pages are written by \`npm run simulate:report\`, which makes what runs are missing and goes on where it was interrupted;
\`npx swarmfetch simulate NAME\` makes one and prints it.

${table(
  ['topic', 'runs made', 'broken invariants', 'longest run, min', 'about'],
  topics.map(({ topic, records }) => [
    `[${topic.name}](${topic.name}.md)`,
    `${records.length} of ${runCount(topic)}`,
    wholeOf(records.reduce((total, { violationCount }) => total + violationCount, 0)),
    (records.reduce((longest, { wallSec }) => Math.max(longest, wallSec), 0) / 60).toFixed(1),
    topic.about,
  ]),
)}

${commits.size === 0 ? '' : `Made with ${[...commits].sort().join(', ')} (a + says: and changes that came with the next commit).`}
`
}

function runCount(topic: Topic): number {
  return topic.cases.reduce((total, { policy }) => total + runsOf(policy).length, 0)
}
