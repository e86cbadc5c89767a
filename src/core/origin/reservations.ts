/**
 * What a run keeps from being asked of neighbours, as it will bring that itself: the next few seconds' worth of it.
 */

import type { Inventory } from '../inventory.ts'
import type { Mesh } from '../mesh/mesh.ts'
import type { OriginContext } from './origin-context.ts'
import type { OriginView, Prospects } from './origin-view.ts'
import type { Run } from './run.ts'
import type { RunPlanner } from './run-planner.ts'

/** What is reserved so many times further ahead than the run gets in time is too much (guess). */
const SHRINKS_ABOVE = 2

export class Reservations {
  private readonly context: OriginContext
  private readonly mesh: Mesh
  private readonly planner: RunPlanner

  constructor(context: OriginContext, mesh: Mesh, planner: RunPlanner) {
    this.context = context
    this.mesh = mesh
    this.planner = planner
  }

  /** At a chunk's border: gives up what need not be the run's any more, and reserves up to `lead` chunks ahead. */
  review(run: Run, lead: number, view: OriginView, prospects: Prospects): void {
    const { inventory } = view
    if (this.context.limits.mechanisms.shrinkingClaims) shrinkToLead(lead, run, inventory)
    this.freeNeedless(run, view, prospects)
    let chunk = Math.max(run.next, run.reservedEnd)
    for (; chunk < Math.min(run.end, run.next + lead); chunk++) {
      if (this.isGivenUp(chunk, run, view) && !prospects.runLeads()) break
      if (!view.isNeedless(run, chunk, prospects) && isOurs(inventory, chunk, run)) inventory.reserve(chunk)
    }
    run.reservedEnd = Math.max(run.reservedEnd, chunk)
  }

  /**
   * What has come into the swarm elsewhere since it was reserved is a neighbour's to give. Kept from being asked of them, the
   * mesh seemed to give little, so that the run went on through all that others had: of four visitors, who came first was
   * given nothing for two seconds, and up to half a copy was fetched twice (measured).
   */
  private freeNeedless(run: Run, view: OriginView, prospects: Prospects): void {
    const { inventory } = view
    for (let chunk = run.next + 1; chunk < run.reservedEnd; chunk++) {
      if (!inventory.isReserved(chunk) || !view.isNeedless(run, chunk, prospects)) continue
      inventory.release(chunk)
      this.mesh.requests.askHolders(chunk)
    }
  }

  /** Another claims so much from this chunk on that we shall go elsewhere. */
  private isGivenUp(chunk: number, run: Run, view: OriginView): boolean {
    if (run.isDuplicate) return false
    let end = chunk
    while (end < run.end && view.isOthers(end)) end++
    return end > chunk && this.planner.isEnoughToLeave(run, chunk, end, view.inventory.geometry)
  }
}

/** The run is over. */
export function release(run: Run, inventory: Inventory): void {
  for (let chunk = run.next; chunk < run.reservedEnd; chunk++) inventory.release(chunk)
}

/** Somebody else brings what it would bring from this chunk on. */
export function cutAt(chunk: number, run: Run, inventory: Inventory): void {
  if (chunk <= run.next || chunk >= run.end) return
  run.end = chunk
  reserveNoFurther(chunk, run, inventory)
}

/** The run has slowed down: what it reserved too far ahead is left to others, though it may still come to it. */
export function shrinkToLead(lead: number, run: Run, inventory: Inventory): void {
  if (run.reservedEnd - run.next > SHRINKS_ABOVE * lead) reserveNoFurther(run.next + lead, run, inventory)
}

function reserveNoFurther(chunk: number, run: Run, inventory: Inventory): void {
  for (let taken = chunk; taken < run.reservedEnd; taken++) inventory.release(taken)
  run.reservedEnd = Math.min(run.reservedEnd, chunk)
}

/** What a neighbour is asked for already is left to it, unless the mesh is too slow. */
function isOurs(inventory: Inventory, chunk: number, run: Run): boolean {
  return inventory.askedCount(chunk) === 0 || run.isDuplicate
}
