/**
 * The session's timers, or one origin's: a closed set of names, each with at most one time. Nothing rings by itself; the
 * driver asks for the next one and hands in the time.
 */

const NAMES = [
  /** The topology server has had its time to answer: ask the origin. */
  'arrival',
  /** Next toss for a vacant seat at the origin. */
  'coin',
  /** Others have had their time to object to the run that we announced. */
  'listen',
  /** The origin may be asked again after a failure. */
  'retry',
  /** The origin's response has been silent too long. */
  'originStall',
  /** Some neighbour may have been silent too long. */
  'meshStall',
  /** A neighbour's service has become slow: its place may go to another. */
  'service',
  /** A newcomer seeks as many neighbours as are usual from now on. */
  'beginning',
  /** Peers that could not be connected to may be tried again. */
  'reconnect',
  /** Some neighbour may have owed us its hello too long. */
  'hello',
  /** To learn again how long our packets queue. */
  'probe',
  /** Whoever wants to leave is kept no longer. */
  'leave',
  /** The least useful neighbour may be exchanged for another. */
  'rewire',
  /** To register with the topology server again, or to toss for it. */
  'register',
  /** Claims held back for company go out. */
  'flood',
  /** Haves held back for a batch go out. */
  'announce',
  /** Our next update to the swarm. */
  'update',
  /** What we know to be in the swarm is told to another neighbour. */
  'known',
  /** Our claim would expire: say it again. */
  'claim',
] as const

export type DeadlineName = (typeof NAMES)[number]

/** Where each name's time lies. */
const PLACES = Object.fromEntries(NAMES.map((name, place) => [name, place])) as Readonly<
  Record<DeadlineName, number>
>

/** Not a time, and not that there is none: it has to be looked for. */
const UNKNOWN = Number.NaN

export class Deadlines {
  /** By place; Infinity where nothing is set. One flat array, as it is asked at every input. */
  private readonly times: number[] = NAMES.map(() => Infinity)
  /** The earliest time, Infinity where nothing is set; or `UNKNOWN`. */
  private earliestMs: number = Infinity

  /** Sets or moves a deadline. */
  set(name: DeadlineName, atMs: number): void {
    const place = PLACES[name]
    if (this.times[place] === this.earliestMs) this.earliestMs = UNKNOWN
    if (atMs < this.earliestMs) this.earliestMs = atMs
    this.times[place] = atMs
  }

  /** Sets a deadline unless an earlier one stands. */
  setNoLater(name: DeadlineName, atMs: number): void {
    if (atMs < this.timeOf(name)) this.set(name, atMs)
  }

  clear(name: DeadlineName): void {
    if (this.has(name)) this.set(name, Infinity)
  }

  clearAll(): void {
    this.times.fill(Infinity)
    this.earliestMs = Infinity
  }

  has(name: DeadlineName): boolean {
    return this.timeOf(name) !== Infinity
  }

  /** The earliest time, or null where nothing is due. */
  next(): number | null {
    if (Number.isNaN(this.earliestMs)) this.earliestMs = this.findEarliest()
    return this.earliestMs === Infinity ? null : this.earliestMs
  }

  /** Takes out every deadline that is due, the earliest first, ties by name. One set meanwhile waits for the next call. */
  takeDue(nowMs: number): DeadlineName[] {
    const due = NAMES.filter((name) => this.timeOf(name) <= nowMs)
    due.sort((a, b) => this.timeOf(a) - this.timeOf(b) || (a < b ? -1 : 1))
    for (const name of due) this.clear(name)
    return due
  }

  private timeOf(name: DeadlineName): number {
    return this.times[PLACES[name]] ?? Infinity
  }

  private findEarliest(): number {
    let earliestMs = Infinity
    for (const atMs of this.times) if (atMs < earliestMs) earliestMs = atMs
    return earliestMs
  }
}
