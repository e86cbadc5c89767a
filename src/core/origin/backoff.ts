/**
 * Slurpie's random back-off (Sherwood, Braud, Bhattacharjee, INFOCOM 2004, §4): of n peers that want something from
 * the origin, each goes there with probability min(1, k/n) a slot, so that about k connections are open however many
 * come. Those who already hold one of the k seats keep it while there is work; the coin is for the vacant ones.
 */

/** A slot: 1.5 times the time a claim takes to flood the swarm, and no less than 200 ms (guess). */
const SLOT_MS = 250

/** On a busy processor claims wait for company at every hop, and for their turn (guess). */
const BUSY_SLOT_MS = 2000

/** Where there is nothing to fetch, slots grow with the visit, to 2% of its length so far, and to this at most (guess). */
const IDLE_SHARE = 0.02
const LONGEST_SLOT_MS = 4000

/**
 * Where the mesh is silent, claims may be forged: they no longer keep us away, but only every so many slots, so that
 * a slow origin, whose first chunks take their time, is not stormed (guess: about k newcomers in 5 s).
 */
const SILENT_SHARE = 0.05

/** A seat that stays vacant shows that fewer wait for it than was thought: by this factor, each slot (from a fluid model). */
const WAITING_SHRINKS = 0.6

export interface SeatView {
  /** k: seats at the origin. */
  readonly seats: number
  /** Seats that others are known to hold. */
  readonly taken: number
  /** n: our best idea of the swarm's size, ourselves included. */
  readonly swarmSize: number
  /** Slots for which a seat has been vacant. */
  readonly vacantSlots: number
  /** The mesh has given us nothing for too long, whatever is claimed. */
  readonly meshIsSilent: boolean
}

/** Probability of taking a vacant seat in this slot: min(1, (k − taken)/waiting), with n − taken waiting at first. */
export function seatProbability(view: SeatView): number {
  const { seats, taken, swarmSize } = view
  if (swarmSize <= seats) return 1
  const waiting = (swarmSize - taken) * WAITING_SHRINKS ** view.vacantSlots
  const vacant = Math.max(0, seats - taken) / Math.max(1, waiting)
  return Math.min(1, view.meshIsSilent ? Math.max(vacant, (SILENT_SHARE * seats) / swarmSize) : vacant)
}

/** Slurpie's own: min(1, k/n), whoever else is there. */
export function literalProbability(k: number, swarmSize: number): number {
  return Math.min(1, k / Math.max(1, swarmSize))
}

/** Time until the next toss, in ms; `fraction` in [0, 1) spreads the peers' tosses over the slot. */
export function slotMs(fraction: number, idleMs = 0, isBusy = false): number {
  const slot = Math.max(isBusy ? BUSY_SLOT_MS : SLOT_MS, Math.min(LONGEST_SLOT_MS, IDLE_SHARE * idleMs))
  return slot * (0.75 + 0.5 * fraction)
}
