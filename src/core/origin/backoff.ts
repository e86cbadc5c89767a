/**
 * Slurpie's random back-off (Sherwood, Braud, Bhattacharjee, INFOCOM 2004, §4): of n peers that want something from
 * the origin, each goes there with probability min(1, k/n) a slot, so that about k connections are open however many
 * come. Those who already hold one of the k seats keep it while there is work; the coin is for the vacant ones.
 */

/** A slot: 1.5 times the time a claim takes to flood the swarm, and no less than 200 ms (DESIGN). */
const SLOT_MS = 250

export interface SeatView {
  /** k: seats at the origin. */
  readonly seats: number
  /** Seats that others are known to hold. */
  readonly taken: number
  /** n: our best idea of the swarm's size, ourselves included. */
  readonly swarmSize: number
}

/** Probability of taking a vacant seat in this slot: min(1, (k − taken)/(n − taken)). */
export function seatProbability({ seats, taken, swarmSize }: SeatView): number {
  if (swarmSize <= seats) return 1
  if (taken >= seats) return 0
  return Math.min(1, (seats - taken) / Math.max(1, swarmSize - taken))
}

/** Time until the next toss, in ms; `fraction` in [0, 1) spreads the peers' tosses over the slot. */
export function slotMs(fraction: number): number {
  return SLOT_MS * (0.75 + 0.5 * fraction)
}
