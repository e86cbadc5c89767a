/**
 * Whether whoever holds a seat goes on with it: at each chunk's border, at the end of a turn, and at a run's end.
 */

import type { Context } from '../context.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { OriginLedger } from './ledger.ts'
import type { OriginView } from './origin-view.ts'
import type { RunFollower } from './run-follower.ts'
import type { RunPlanner } from './run-planner.ts'
import type { SeatCoin } from './seat-coin.ts'

/** With the response that is open, with another one, or not at all. */
export type GoingOn = 'goOn' | 'elsewhere' | 'yield'

export class Tenure {
  private readonly context: Context
  private readonly mesh: Mesh
  private readonly ledger: OriginLedger
  private readonly planner: RunPlanner
  private readonly follower: RunFollower
  private readonly coin: SeatCoin

  constructor(
    context: Context,
    mesh: Mesh,
    ledger: OriginLedger,
    planner: RunPlanner,
    follower: RunFollower,
    coin: SeatCoin,
  ) {
    this.context = context
    this.mesh = mesh
    this.ledger = ledger
    this.planner = planner
    this.follower = follower
    this.coin = coin
  }

  /** At a chunk's border. */
  decide(view: OriginView): GoingOn {
    const { follower, planner } = this
    // Without ranges there is no coming back.
    if (!follower.rangesWork) return 'goOn'
    const mayYield = !this.isOnItsWay
    if (mayYield && planner.isMoreForOthers(view)) return 'yield'
    return follower.isTurnOver ? this.afterTurn(view, mayYield) : 'goOn'
  }

  /**
   * On a busy processor what was asked for is on its way long before it is taken in: the turn's all of the time, and after a lull more. Of
   * 48 visitors on two cores the first eight left their responses to others after half a megabyte each, and with them a fifth
   * of a copy that the origin had sent (measured).
   */
  private get isOnItsWay(): boolean {
    const { follower } = this
    if (!this.context.lateness.isBusy || !follower.isUnderWay) return false
    return !follower.isTurnOver || follower.isGushing
  }

  /** Whether this response is still the best use of our seat, and the seat ours. */
  private afterTurn(view: OriginView, mayYield: boolean): GoingOn {
    const { follower, planner } = this
    if (mayYield && this.mustYield(view)) return 'yield'
    if (planner.isReaderWaiting(view)) return 'elsewhere'
    if (follower.isDuplicating && !planner.isDuplicateWorthwhile(view, true)) return 'elsewhere'
    // Else it is looked at again with the next chunk.
    if (mayYield) follower.renewTurn(planner.runChunks(view.inventory.geometry))
    return 'goOn'
  }

  /** At the end of a run, or once a turn is over: there are more seats taken than there should be. */
  mustYield(view: OriginView): boolean {
    const { ledger, planner } = this
    const { seats } = ledger
    if (ledger.gossip.leechers <= seats || !this.mesh.requests.trustPeers) return false
    if (planner.isLiteral) return this.context.random.fraction() >= this.coin.chance(view)
    if (planner.isPlainBetter(view)) return false
    return (ledger.seatsBeforeOurs ?? 0) >= seats && planner.seatsNow(view) <= seats
  }

  /** At a run's end: another may have the seat, or nobody needs to. */
  isOver(view: OriginView, isOnlyOrigin: boolean): boolean {
    return this.mustYield(view) || (isOnlyOrigin && this.isEnoughWithout(view))
  }

  /** Who has time leaves it to those who hold seats, if they are enough for what is free. */
  private isEnoughWithout(view: OriginView): boolean {
    const { ledger, planner } = this
    const before = ledger.seatsBeforeOurs ?? 0
    return before > 0 && view.hasTime && before >= planner.seatsNow(view)
  }
}
