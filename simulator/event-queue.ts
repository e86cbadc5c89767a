/**
 * What happens next in virtual time: a heap of four children a node, ordered by time and then by the order of
 * insertion, so that the same events always happen in the same order. Its arrays are flat and an event has no object
 * of its own: who is told, and what of, is all that it holds.
 */

/** Whom an event happens to. */
export interface Actor<Item> {
  happen(item: Item): void
}

/** Names an event that has not happened yet. */
export type EventHandle = number

const FIRST_CAPACITY = 1024

export class EventQueue {
  /** Events that have happened. */
  happened = 0
  private now = 0
  private inserted = 0
  private size = 0
  /** By slot: the event. */
  private times: Float64Array = new Float64Array(FIRST_CAPACITY)
  private orders: Float64Array = new Float64Array(FIRST_CAPACITY)
  private places: Int32Array = new Int32Array(FIRST_CAPACITY)
  private readonly actors: (Actor<unknown> | null)[] = []
  private readonly items: unknown[] = []
  /** By place in the heap: the slot. */
  private heap: Int32Array = new Int32Array(FIRST_CAPACITY)
  private readonly freeSlots: number[] = []

  get nowMs(): number {
    return this.now
  }

  /** Events to come. */
  get length(): number {
    return this.size
  }

  /** Lets `item` happen to `actor` at this time, or now where it has passed. */
  at<Item>(atMs: number, actor: Actor<Item>, item: Item): EventHandle {
    const slot = this.freeSlots.pop() ?? this.newSlot()
    this.times[slot] = atMs > this.now ? atMs : this.now
    this.orders[slot] = this.inserted++
    this.actors[slot] = actor
    this.items[slot] = item
    this.rise(this.size++, slot)
    return slot
  }

  after<Item>(delayMs: number, actor: Actor<Item>, item: Item): EventHandle {
    return this.at(this.now + delayMs, actor, item)
  }

  /** For what is rare: at this time, calls a function. */
  callAt(atMs: number, run: () => void): EventHandle {
    return this.at(atMs, CALL, run)
  }

  /** When this event happens, in ms. */
  timeOf(handle: EventHandle): number {
    return this.times[handle] ?? Infinity
  }

  /** Moves an event that has not happened yet; among those of its new time it is the last. */
  move(handle: EventHandle, atMs: number): void {
    this.times[handle] = Math.max(atMs, this.now)
    this.orders[handle] = this.inserted++
    this.restore(this.places[handle] ?? 0, handle)
  }

  /** Takes out an event that has not happened yet. */
  cancel(handle: EventHandle): void {
    this.takeOut(this.places[handle] ?? 0)
    this.release(handle)
  }

  /** The time of the next event, or Infinity. */
  get nextMs(): number {
    return this.size === 0 ? Infinity : (this.times[this.heap[0] ?? 0] ?? Infinity)
  }

  /** Lets the next event happen; false where there is none. */
  step(): boolean {
    if (this.size === 0) return false
    const slot = this.heap[0] ?? 0
    this.now = this.times[slot] ?? this.now
    const actor = this.actors[slot]
    const item = this.items[slot]
    this.takeOut(0)
    this.release(slot)
    this.happened++
    actor?.happen(item)
    return true
  }

  private newSlot(): number {
    const slot = this.actors.length
    this.actors.push(null)
    this.items.push(null)
    if (slot === this.times.length) {
      this.times = grown(this.times, new Float64Array(2 * slot))
      this.orders = grown(this.orders, new Float64Array(2 * slot))
      this.places = grown(this.places, new Int32Array(2 * slot))
      this.heap = grown(this.heap, new Int32Array(2 * slot))
    }
    return slot
  }

  private release(slot: number): void {
    this.actors[slot] = null
    this.items[slot] = null
    this.freeSlots.push(slot)
  }

  private takeOut(place: number): void {
    const last = this.heap[--this.size] ?? 0
    if (place < this.size) this.restore(place, last)
  }

  /** Puts a slot where it belongs, starting from a place that is free. */
  private restore(place: number, slot: number): void {
    const parent = (place - 1) >> 2
    if (place > 0 && this.isBefore(slot, this.heap[parent] ?? 0)) this.rise(place, slot)
    else this.sink(place, slot)
  }

  private rise(start: number, slot: number): void {
    const { heap, places } = this
    let place = start
    while (place > 0) {
      const parent = (place - 1) >> 2
      const above = heap[parent] ?? 0
      if (!this.isBefore(slot, above)) break
      heap[place] = above
      places[above] = place
      place = parent
    }
    heap[place] = slot
    places[slot] = place
  }

  private sink(start: number, slot: number): void {
    const { heap, places, size } = this
    let place = start
    for (;;) {
      const first = 4 * place + 1
      if (first >= size) break
      const end = first + 4 < size ? first + 4 : size
      let child = first
      let least = heap[first] ?? 0
      for (let other = first + 1; other < end; other++) {
        const candidate = heap[other] ?? 0
        if (!this.isBefore(candidate, least)) continue
        child = other
        least = candidate
      }
      if (!this.isBefore(least, slot)) break
      heap[place] = least
      places[least] = place
      place = child
    }
    heap[place] = slot
    places[slot] = place
  }

  private isBefore(a: number, b: number): boolean {
    const aMs = this.times[a] ?? 0
    const bMs = this.times[b] ?? 0
    return aMs < bMs || (aMs === bMs && (this.orders[a] ?? 0) < (this.orders[b] ?? 0))
  }
}

const CALL: Actor<() => void> = { happen: (run) => run() }

function grown<Numbers extends Float64Array | Int32Array>(old: Numbers, larger: Numbers): Numbers {
  larger.set(old)
  return larger
}
