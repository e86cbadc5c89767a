/**
 * The mechanisms that a session is made of, each of which can be left out, to see what it is worth: `docs/results` has the
 * figures. Callers of the library cannot; scenarios of the simulator can. Each is asked about at the one place where it
 * decides.
 *
 * Some are settings of their own and not here: the back-off (`originLoad: 'full'`), the estimate of the swarm's size
 * (`groupSizeBy`), who gives (`reciprocity`).
 */

export interface Mechanisms {
  // ----------------------------------------------------------------------------------------- the origin

  /** More seats, or fewer, are tried, and kept where the origin gives more for it (a fluid model; else 8 stay 8). */
  readonly seatTrials: boolean
  /** A seat that stays vacant shows that fewer wait for it than was thought (the same model). */
  readonly vacantSlots: boolean
  /** Newcomers start at the bit-reversed place of their join index (van der Corput; else at a random one). */
  readonly firstPlaces: boolean
  /** What others have claimed is left to them (Slurpie's claims are its blocks under way; here they flood). */
  readonly claims: boolean
  /** What is said to have entered the swarm is waited for, though no neighbour has it yet (simulated). */
  readonly firstCopies: boolean
  /** Among takers, whose first copies come to nobody is not waited for, and others sit down beside it (simulated). */
  readonly vainClaims: boolean
  /** A run that slows down gives up what it has claimed too far ahead (simulated). */
  readonly shrinkingClaims: boolean
  /** A run that brings what others have keeps only what it is about to bring from being asked of them (simulated). */
  readonly briefDuplicates: boolean
  /** While neighbours have plenty for us, first copies are waited for longer, and updates are believed (simulated). */
  readonly busyMesh: boolean
  /** What an update names exists in the swarm (Slurpie's update tree). */
  readonly updateTree: boolean
  /** What others have is fetched all the same, where the mesh would take longer (a fluid model). */
  readonly duplicates: boolean
  /** All go to the origin where the mesh gives less than plain HTTP's share (the promise “never worse”). */
  readonly everybody: boolean
  /** A mesh that gives nothing makes what is claimed doubtful (forged claims). */
  readonly doubt: boolean
  /** A run whose rest others bring is cut short (the plan's rule; else it is read to its end). */
  readonly cuts: boolean
  /** Beside a run that comes to everything, neighbours are asked for what it comes to last (simulated). */
  readonly farEnd: boolean
  /** Beside a run far faster than the mesh, for nothing but what goes on from the far end (simulated). */
  readonly lead: boolean

  // --------------------------------------------------------------------------------------------- asking

  /** The rarest chunk first (BitTorrent; else one at random). */
  readonly rarestFirst: boolean
  /** The first few at random (BitTorrent). */
  readonly randomFirst: boolean
  /** What is asked for differs from peer to peer (else it is the first in the file, whatever the two above say). */
  readonly mixedOrder: boolean
  /** As many requests at a time as the link leaves room for (TCP's window; else two). */
  readonly pipelines: boolean
  /** The last chunks are asked of several (BitTorrent's endgame). */
  readonly endgame: boolean
  /** Who waits its turn has not stalled before three times the usual (simulated; else after 5 s). */
  readonly stallsByUsual: boolean

  // -------------------------------------------------------------------------------------------- serving

  /** The rarest chunk is served first (the plan; else who has been given least is). */
  readonly rareServedFirst: boolean
  /** Of chunks about as rare, the wish of whoever lags (simulated). */
  readonly laggardsFirst: boolean
  /** A service that waits for the other side's link takes no place from others (simulated). */
  readonly slowServices: boolean
  /** Who refuses, or among takers keeps us waiting for long, is served last at once (simulated; else after a fifth of all time). */
  readonly promptSuspicion: boolean
  /** Uploads give way to other traffic (LEDBAT, RFC 6817). */
  readonly pacing: boolean

  // -------------------------------------------------------------------------------------------- telling

  /** Haves that concern nobody now are held back for company (measured). */
  readonly withholding: boolean
  /** What floods is passed on to three at random (an epidemic reaches 94%; else to all). */
  readonly sparseFloods: boolean
  /** Peers tell those some hops away what they have (Slurpie's updates). */
  readonly updates: boolean
  /** How often, and of how many peers they are kept, is by AIMD (Slurpie; else every 20 s, and of 64). */
  readonly updatePace: boolean

  // ----------------------------------------------------------------------------------------- neighbours

  /** Twice as many are sought where uplinks are the limit (a model). */
  readonly moreNeighbours: boolean
  /** Who only takes is none of those sought (simulated). */
  readonly giversSought: boolean
  /** The least useful is exchanged now and then (random graphs stay connected). */
  readonly rewiring: boolean
  /** One whom the server introduces later takes another's place, so that parts of the mesh meet (simulated). */
  readonly introductions: boolean
  /** Those whom the mesh speaks of may become neighbours (Slurpie; else only whom the server introduces). */
  readonly hearsay: boolean
  /** Who leaves offers first what nobody else has (measured). */
  readonly farewells: boolean
}

export type Mechanism = keyof Mechanisms

export const ALL_ON: Mechanisms = {
  seatTrials: true,
  vacantSlots: true,
  firstPlaces: true,
  claims: true,
  firstCopies: true,
  vainClaims: true,
  shrinkingClaims: true,
  briefDuplicates: true,
  busyMesh: true,
  updateTree: true,
  duplicates: true,
  everybody: true,
  doubt: true,
  cuts: true,
  farEnd: true,
  lead: true,
  rarestFirst: true,
  randomFirst: true,
  mixedOrder: true,
  pipelines: true,
  endgame: true,
  stallsByUsual: true,
  rareServedFirst: true,
  laggardsFirst: true,
  slowServices: true,
  promptSuspicion: true,
  pacing: true,
  withholding: true,
  sparseFloods: true,
  updates: true,
  updatePace: true,
  moreNeighbours: true,
  giversSought: true,
  rewiring: true,
  introductions: true,
  hearsay: true,
  farewells: true,
}

export const MECHANISMS: readonly Mechanism[] = Object.keys(ALL_ON) as Mechanism[]

/** All but these are on. */
export function allBut(without: readonly Mechanism[]): Mechanisms {
  return { ...ALL_ON, ...Object.fromEntries(without.map((each) => [each, false])) }
}
