/**
 * The limits of the rooms. None is part of the protocol: a server may choose others, and visitors cannot tell.
 */

import type { TokenRate } from '../src/core/token-bucket.ts'

export interface RoomsLimits {
  /**
   * Most members that a newcomer is introduced to (k; Slurpie's φ). Default 8: the neighbours a visitor seeks, so that
   * one welcome can be enough. At most `MAX_INTRODUCTIONS`.
   */
  readonly introductions: number
  /**
   * Members of a group whose sockets the server wants (W): the latest to register. Whoever falls out of them is told
   * so. Default 64 (guess: eight times k, so that one in eight of them gone is nothing); at most `MAX_WINDOW`.
   */
  readonly window: number
  /** How long a registration is inside the window whatever their number, in ms. Default 5 s: a flash crowd. */
  readonly graceMs: number
  /** Most swarms (locators) at once, remembered ones included. Default 100,000 (guess: some 100 MB of them). */
  readonly swarms: number
  /** Most members of one swarm that have a socket. Default 100,000 (guess: more than one process will hold sockets). */
  readonly membersPerSwarm: number
  /** Most groups in one swarm: versions of a file that visitors claim to see. Default 64 (guess). */
  readonly groupsPerSwarm: number
  /**
   * Most introductions remembered of one member; the oldest is forgotten, and then no signal passes between these two
   * unless the other still remembers. Default 128 (guess: a newest member meets about 2k; the rest is for popular ones).
   */
  readonly introductionsPerMember: number
  /** Messages of one connection. Default 50 a second, bursts of 400: 16 peers at once with 20 ICE candidates each. */
  readonly messages: TokenRate
  /** How long a connection may stay without a join, in ms. Default 10 s (guess). */
  readonly joinWithinMs: number
  /**
   * How long is kept what is known of a group without sockets, in ms. Default 180 s: its members without sockets toss
   * their coins three times.
   */
  readonly rememberMs: number
  /** Most emptied groups remembered; the one longest empty is forgotten first. Default 10,000 (guess). */
  readonly remembered: number
}

export const DEFAULT_ROOMS_LIMITS: RoomsLimits = {
  introductions: 8,
  window: 64,
  graceMs: 5_000,
  swarms: 100_000,
  membersPerSwarm: 100_000,
  groupsPerSwarm: 64,
  introductionsPerMember: 128,
  messages: { ratePerSec: 50, burst: 400 },
  joinWithinMs: 10_000,
  rememberMs: 180_000,
  remembered: 10_000,
}
