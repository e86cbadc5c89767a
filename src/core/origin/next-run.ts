/**
 * Which run our seat fetches next, and when to look for it while another is under way.
 */

import type { Announcement } from './announcement.ts'
import { bitReversed } from './first-run.ts'
import type { OriginContext } from './origin-context.ts'
import type { OriginView } from './origin-view.ts'
import type { RunChoice } from './run.ts'
import type { RunFollower } from './run-follower.ts'
import type { RunPlanner } from './run-planner.ts'
import type { Team } from './team.ts'
import type { Tenure } from './tenure.ts'

export class NextRun {
  private readonly context: OriginContext
  private readonly planner: RunPlanner
  private readonly follower: RunFollower
  private readonly team: Team
  private readonly announcement: Announcement
  private readonly tenure: Tenure
  /** Where in what is free it is to begin, whatever was fetched last; null: anywhere. */
  private place: number | null = null

  constructor(
    context: OriginContext,
    planner: RunPlanner,
    follower: RunFollower,
    team: Team,
    announcement: Announcement,
    tenure: Tenure,
  ) {
    this.context = context
    this.planner = planner
    this.follower = follower
    this.team = team
    this.announcement = announcement
    this.tenure = tenure
  }

  /**
   * It begins at the place of a newcomer with this join index; with several origins each has a place. That of the first to come is with
   * whoever goes on from the file's start; it goes where no newcomer begins.
   */
  beginAt(joinIndex: number, origins: number, seats: number): void {
    const index = joinIndex === 0 ? 2 * seats - 1 : joinIndex
    this.place = bitReversed(index * origins + this.context.index)
  }

  /** A run has been begun. */
  begun(): void {
    this.place = null
  }

  /** Null: nothing is worth it. */
  choose(view: OriginView): RunChoice | null {
    const { follower, team, planner, place } = this
    // What is chosen ahead goes on where this run ends; beside other seats of ours, which may take its end over, where the last one did.
    const continueAt = (team.hasOthers ? null : follower.end) ?? follower.continueAt
    const choice = planner.choose(view, { continueAt, place }, () => team.help(view))
    return choice === null || follower.rangesWork ? choice : planner.asWhole(view, choice)
  }

  /**
   * The origin must not stand idle while a request is on its way, or while others are listened to. Beside other seats of ours the work
   * is given to whoever is done first; else the next run is announced while this one is under way.
   */
  isTime(view: OriginView): boolean {
    const { hasOthers } = this.team
    const isTime = hasOthers ? this.follower.isNearItsEnd : this.announcement.isTimeForNext(view)
    return isTime && !this.tenure.isOver(view, !hasOthers)
  }
}
