/**
 * The session's timers: a closed set of names, each with at most one time. Nothing rings by itself; the driver asks
 * for the next one and hands in the time.
 */

export type DeadlineName =
  /** The topology server has had its time to answer: ask the origin. */
  | 'arrival'
  /** Next toss for a vacant seat at the origin. */
  | 'coin'
  /** The origin may be asked again after a failure. */
  | 'retry'
  /** The origin's response has been silent too long. */
  | 'originStall'
  /** Some neighbour may have been silent too long. */
  | 'meshStall'
  /** A neighbour's service has become slow: its place may go to another. */
  | 'service'
  /** Peers that could not be connected to may be tried again. */
  | 'reconnect'
  /** Some neighbour may have owed us its hello too long. */
  | 'hello'
  /** The least useful neighbour may be exchanged for another. */
  | 'rewire'
  /** To register with the topology server again, or to toss for it. */
  | 'register'
  /** Haves held back for a batch go out. */
  | 'announce'
  /** Our next update to the swarm. */
  | 'update'
  /** Our claim would expire: say it again. */
  | 'claim'

export class Deadlines {
  private readonly times = new Map<DeadlineName, number>()
  /** The earliest time, Infinity where nothing is set; or null where it has to be looked for again. */
  private earliestMs: number | null = Infinity

  /** Sets or moves a deadline. */
  set(name: DeadlineName, atMs: number): void {
    if (this.times.get(name) === this.earliestMs) this.earliestMs = null
    if (this.earliestMs !== null && atMs < this.earliestMs) this.earliestMs = atMs
    this.times.set(name, atMs)
  }

  /** Sets a deadline unless an earlier one stands. */
  setNoLater(name: DeadlineName, atMs: number): void {
    if (atMs < (this.times.get(name) ?? Infinity)) this.set(name, atMs)
  }

  clear(name: DeadlineName): void {
    if (this.times.get(name) === this.earliestMs) this.earliestMs = null
    this.times.delete(name)
  }

  clearAll(): void {
    this.times.clear()
    this.earliestMs = Infinity
  }

  has(name: DeadlineName): boolean {
    return this.times.has(name)
  }

  /** The earliest time, or null where nothing is due. */
  next(): number | null {
    this.earliestMs ??= this.findEarliest()
    return this.earliestMs === Infinity ? null : this.earliestMs
  }

  /** Takes out every deadline that is due, the earliest first, ties by name. One set meanwhile waits for the next call. */
  takeDue(nowMs: number): DeadlineName[] {
    const due = [...this.times].filter(([, atMs]) => atMs <= nowMs)
    due.sort(([a, aMs], [b, bMs]) => aMs - bMs || (a < b ? -1 : 1))
    for (const [name] of due) this.times.delete(name)
    if (due.length > 0) this.earliestMs = null
    return due.map(([name]) => name)
  }

  private findEarliest(): number {
    let earliestMs = Infinity
    for (const atMs of this.times.values()) if (atMs < earliestMs) earliestMs = atMs
    return earliestMs
  }
}
