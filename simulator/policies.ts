/**
 * By what the visitors of a scenario download, and what may be asked for. Names only; `simulators.ts` knows who carries
 * them out.
 */

/**
 * One way to run a scenario.
 *
 * - swarm: this library.
 * - plain: plain HTTP for everybody.
 * - slurpie-1, slurpie-3: Slurpie to the letter, with k = 1 or 3.
 * - bittorrent-sequential, bittorrent-rarest: a BitTorrent client with a web seed, which it asks for pieces in order, or
 *   for the rarest.
 */
export const RUN_POLICIES = [
  'swarm',
  'plain',
  'slurpie-1',
  'slurpie-3',
  'bittorrent-sequential',
  'bittorrent-rarest',
] as const

export type RunPolicy = (typeof RUN_POLICIES)[number]

/** What a scenario or a command may name. 'both': swarm, then plain. 'all': every one. The seed is the same for each. */
export const POLICIES = [...RUN_POLICIES, 'both', 'all'] as const

export type Policy = (typeof POLICIES)[number]

/** The runs that a policy stands for, in their order. */
export function runsOf(policy: Policy): readonly RunPolicy[] {
  switch (policy) {
    case 'both':
      return ['swarm', 'plain']
    case 'all':
      return RUN_POLICIES
    case 'swarm':
    case 'plain':
    case 'slurpie-1':
    case 'slurpie-3':
    case 'bittorrent-sequential':
    case 'bittorrent-rarest':
      return [policy]
  }
}

/** Whether the library's sessions run in it, so that there is a mesh to look at. */
export function runsSessions(policy: RunPolicy): boolean {
  return policy === 'swarm' || policy === 'slurpie-1' || policy === 'slurpie-3'
}
