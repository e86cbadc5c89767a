/** Who writes the page of each topic. */

import type { Writer } from './page.ts'
import { ablation } from './topics/ablation.ts'
import { capacity } from './topics/capacity.ts'
import { faults } from './topics/faults.ts'
import { flashCrowd } from './topics/flash-crowd.ts'
import { mesh } from './topics/mesh.ts'
import { neverWorse } from './topics/never-worse.ts'
import { redhat } from './topics/redhat.ts'
import { rollout } from './topics/rollout.ts'
import { rodriguez } from './topics/rodriguez.ts'
import { slurpieLan } from './topics/slurpie-lan.ts'
import { slurpieWan } from './topics/slurpie-wan.ts'
import { stutzbach } from './topics/stutzbach.ts'
import { textbook } from './topics/textbook.ts'
import { topology } from './topics/topology.ts'

export const WRITERS: Readonly<Record<string, Writer>> = {
  'slurpie-lan': slurpieLan,
  'slurpie-wan': slurpieWan,
  stutzbach,
  textbook,
  capacity,
  rollout,
  redhat,
  rodriguez,
  'flash-crowd': flashCrowd,
  'never-worse': neverWorse,
  mesh,
  topology,
  faults,
  ablation,
}
