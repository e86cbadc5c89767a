/** What is left out in each variant of the ablation, and what the figures say of it. */

export interface Variant {
  /** As in the scenario file. */
  readonly name: string
  /** What is left out, or done instead. */
  readonly label: string
  /**
   * earns: the figures are worse without it. kept: they do not tell, or hardly, but something else does. optional: a
   * setting, off. Null where nothing is left out.
   */
  readonly verdict: 'earns' | 'kept' | 'optional' | null
  readonly because: string
}

export const VARIANTS: readonly Variant[] = [
  { name: 'all', label: 'everything on', verdict: null, because: '' },
  {
    name: 'no-backOff',
    label: 'no back-off: everybody may go to the origin',
    verdict: 'earns',
    because:
      "crowd 1.62 × the floor instead of 1.19, and five times the messages; local network 1.08 instead of 1.01. A setting (`originLoad: 'full'`).",
  },
  {
    name: 'no-seatTrials',
    label: 'always 8 seats',
    verdict: 'kept',
    because:
      'none of these origins needs more than 8 seats; at home 1.39 instead of 1.36, within chance. It is for origins that give each connection little.',
  },
  {
    name: 'no-vacantSlots',
    label: 'the coin takes no note of vacant seats',
    verdict: 'earns',
    because: 'at home 1.60 instead of 1.36 with eight seeds.',
  },
  {
    name: 'server-counts',
    label: 'swarm size: the server’s last count alone',
    verdict: 'kept',
    because:
      'the count is fresh in all of these; what else there is counts once the server is gone (see [the mesh](mesh.md)).',
  },
  {
    name: 'most-hops',
    label: 'swarm size: Slurpie’s most hops',
    verdict: 'optional',
    because:
      'crowd 1.69, at home 1.58, poor 6.4 × plain HTTP. Slurpie’s own; a setting (`groupSizeBy`), off.',
  },
  {
    name: 'no-firstPlaces',
    label: 'first runs at random places',
    verdict: 'kept',
    because:
      'leaving 1.11 instead of 1.06, hardly more than chance; first runs that overlap are bytes for nothing (a test says so).',
  },
  {
    name: 'no-claims',
    label: 'claims ignored',
    verdict: 'earns',
    because: 'local network 1.18 instead of 1.01, and as many copies.',
  },
  {
    name: 'no-firstCopies',
    label: 'first copies not waited for',
    verdict: 'earns',
    because: 'crowd: half as many messages again.',
  },
  {
    name: 'no-busyMesh',
    label: 'no more patience while the mesh is busy',
    verdict: 'kept',
    because: 'nothing up to 500 peers; with 10,000 it saves 0.4 copies (measured before).',
  },
  {
    name: 'no-updateTree',
    label: 'updates say nothing of what exists',
    verdict: 'kept',
    because:
      'leaving 1.13 instead of 1.06 in two seeds of three; elsewhere nothing. Slurpie’s own; with 10,000 peers as above.',
  },
  {
    name: 'no-duplicates',
    label: 'nothing fetched that others have',
    verdict: 'earns',
    because:
      'poor: nobody is done; rich 1.59 × plain HTTP; at home 2.34 instead of 1.36. But in the crowd they cost five copies and win half a per cent.',
  },
  {
    name: 'no-everybody',
    label: 'seats only, however poor the mesh',
    verdict: 'earns',
    because: 'poor 1.35 × plain HTTP instead of 1.06, rich 0.77 instead of 0.68.',
  },
  {
    name: 'no-doubt',
    label: 'claims believed however silent the mesh',
    verdict: 'kept',
    because:
      'changes nothing here; without it, forged seats keep one whom nobody helps from the origin (a test says so).',
  },
  {
    name: 'no-cuts',
    label: 'runs read to their end',
    verdict: 'earns',
    because: 'local network 1.28 instead of 1.01, leaving 1.22 instead of 1.06.',
  },
  {
    name: 'no-farEnd',
    label: 'the mesh does not keep to the far end',
    verdict: 'earns',
    because:
      'rich 0.69 × plain HTTP instead of 0.68; with 2 and 8 peers at fast origins of [never-worse](never-worse.md) at worst 1.18 × instead of 1.10.',
  },
  {
    name: 'no-lead',
    label: 'the mesh may fill gaps before a run that leads',
    verdict: 'kept',
    because:
      'under 1% in any of these. It is for two or three visitors at a fast origin, where it wins 0.2% on average.',
  },
  {
    name: 'no-rarestFirst',
    label: 'chunks asked for at random',
    verdict: 'earns',
    because: 'at home 1.43 instead of 1.36, leaving 1.09 instead of 1.06. Where all stay, nothing.',
  },
  {
    name: 'in-order',
    label: 'chunks asked for in order',
    verdict: 'earns',
    because:
      'that it is not so: at home 1.43 instead of 1.36 and 7.4 copies instead of 6.0, crowd 1.22 instead of 1.19.',
  },
  {
    name: 'no-randomFirst',
    label: 'rarest first from the first chunk on',
    verdict: 'kept',
    because:
      'nothing in any of these: at home 1.34 without it, 1.36 with it. But beside forgers with ten times the uplink 23.2 s instead of 21.8 (five seeds). BitTorrent’s; in doubt.',
  },
  {
    name: 'no-pipelines',
    label: 'always two requests at a time',
    verdict: 'kept',
    because: 'within chance here, where no link is both fast and long.',
  },
  {
    name: 'no-endgame',
    label: 'no endgame',
    verdict: 'earns',
    because: 'at home 1.44 instead of 1.36, crowd 1.23 instead of 1.19.',
  },
  {
    name: 'no-stallsByUsual',
    label: 'stalled after 5 s, whatever is usual',
    verdict: 'kept',
    because:
      'within chance: at home 1.34 instead of 1.36, crowd 1.20 instead of 1.19. It is for uplinks scarcer than these.',
  },
  {
    name: 'no-rareServedFirst',
    label: 'served in the order asked',
    verdict: 'earns',
    because: 'at home 1.45 instead of 1.36, crowd 1.21 instead of 1.19.',
  },
  {
    name: 'no-laggardsFirst',
    label: 'laggards not served first',
    verdict: 'earns',
    because: 'crowd 1.24 instead of 1.19; at home 1.47 instead of 1.36, and 8.3 copies instead of 6.0.',
  },
  {
    name: 'no-slowServices',
    label: 'slow services take a place',
    verdict: 'kept',
    because:
      'no peer here takes more slowly than others give. A neighbour that does not read would hold a place (a test says so).',
  },
  {
    name: 'no-pacing',
    label: 'uploads not paced',
    verdict: 'kept',
    because:
      'for the visitor’s other traffic, of which there is none here. It costs no time, and less than one input a chunk.',
  },
  {
    name: 'no-withholding',
    label: 'every have told at once',
    verdict: 'earns',
    because: 'a third fewer messages, and at home four tenths.',
  },
  {
    name: 'no-sparseFloods',
    label: 'floods passed on to all',
    verdict: 'earns',
    because: 'four tenths fewer messages with 48 peers, half with 500.',
  },
  {
    name: 'no-updates',
    label: 'no updates',
    verdict: 'kept',
    because:
      'within chance: at home 1.38 instead of 1.36, leaving 1.09 instead of 1.06. Slurpie’s own; candidates and the tree live by them.',
  },
  {
    name: 'no-updatePace',
    label: 'updates every 20 s',
    verdict: 'kept',
    because: 'within chance, as the runs are short. Slurpie’s own.',
  },
  {
    name: 'no-moreNeighbours',
    label: 'always 8 neighbours sought',
    verdict: 'kept',
    because:
      'nothing in runs of half a minute; with 200 peers and a larger file 1.06 instead of 1.09 (measured before). In doubt.',
  },
  {
    name: 'no-rewiring',
    label: 'no rewiring',
    verdict: 'kept',
    because: 'nothing in runs so short; it is for swarms that last.',
  },
  {
    name: 'no-introductions',
    label: 'later introductions ignored',
    verdict: 'kept',
    because: 'nothing up to 500 peers; of 10,000 under churn 300 stayed apart without it (measured before).',
  },
  {
    name: 'no-hearsay',
    label: 'neighbours by the server alone',
    verdict: 'earns',
    because:
      'under churn two strays, longest path 7 instead of 5; leaving 1.09 instead of 1.06. Slurpie’s own.',
  },
  {
    name: 'no-farewells',
    label: 'no farewells',
    verdict: 'kept',
    because:
      'leaving 1.96 copies instead of 1.91, within chance; what only one has is gone with it otherwise (a test says so).',
  },
]

/** Those that came later, and were made for swarms in which many only take; they have tables of their own. */
export const AMONG_TAKERS: readonly Variant[] = [
  { name: 'now', label: 'everything on, later', verdict: null, because: '' },
  {
    name: 'no-vainClaims',
    label: 'all claimers believed alike',
    verdict: 'earns',
    because:
      'half 23.0 s instead of 21.0, later in five seeds of five, the median 21.6 instead of 20.2. A quarter, LAN, crowd: nothing, but a tenth more inputs with it at a quarter.',
  },
  {
    name: 'no-shrinkingClaims',
    label: 'a slow run keeps its claims',
    verdict: 'earns',
    because:
      'half 24.7 s instead of 21.0, later in four seeds of five, the median 24.1 instead of 20.2. A quarter: nothing, and LAN 1.005 without it, 1.007 with it.',
  },
  {
    name: 'no-briefDuplicates',
    label: 'duplicates reserved as far ahead',
    verdict: 'kept',
    because:
      'half 21.0 s with and without it. A quarter 19.5 instead of 19.1 (eight seeds), as one of them ended after 21. LAN, crowd: nothing. In doubt.',
  },
  {
    name: 'no-promptSuspicion',
    label: 'takers known after a fifth of all time',
    verdict: 'earns',
    because:
      'half 24.8 s instead of 21.0, later in five seeds of five, the median 22.0 instead of 20.2; a quarter 20.0 instead of 18.8 (the same three seeds). LAN: nothing.',
  },
  {
    name: 'no-giversSought',
    label: 'takers count as neighbours sought',
    verdict: 'earns',
    because:
      'half 22.6 s instead of 21.0, later in five seeds of five, the median 21.0 instead of 20.2. A quarter, LAN, crowd: nothing.',
  },
]
