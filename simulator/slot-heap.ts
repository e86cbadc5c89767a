/**
 * A binary heap of slots (small whole numbers), each with a key, that can be changed or taken out wherever it is.
 * Equal keys are ordered by slot.
 */
export class SlotHeap {
  private readonly heap: number[] = []
  private readonly keys: number[] = []
  /** By slot: its place in the heap, or -1. */
  private readonly places: number[] = []

  get size(): number {
    return this.heap.length
  }

  /** The slot with the least key, or -1. */
  get first(): number {
    return this.heap[0] ?? -1
  }

  /** The least key, or Infinity. */
  get firstKey(): number {
    const slot = this.heap[0]
    return slot === undefined ? Infinity : (this.keys[slot] ?? Infinity)
  }

  has(slot: number): boolean {
    return (this.places[slot] ?? -1) >= 0
  }

  /** Puts the slot in, or changes its key. */
  set(slot: number, key: number): void {
    while (this.places.length <= slot) {
      this.places.push(-1)
      this.keys.push(0)
    }
    this.keys[slot] = key
    let place = this.places[slot] ?? -1
    if (place < 0) {
      place = this.heap.length
      this.heap.push(slot)
    }
    this.settle(place, slot)
  }

  remove(slot: number): void {
    const place = this.places[slot] ?? -1
    if (place < 0) return
    this.places[slot] = -1
    const last = this.heap.pop()
    if (last !== undefined && last !== slot) this.settle(place, last)
  }

  private settle(start: number, slot: number): void {
    const { heap, places } = this
    let place = start
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = heap[parent] ?? 0
      if (!this.isBefore(slot, above)) break
      heap[place] = above
      places[above] = place
      place = parent
    }
    for (;;) {
      let child = 2 * place + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && this.isBefore(heap[child + 1] ?? 0, heap[child] ?? 0)) child++
      const below = heap[child] ?? 0
      if (!this.isBefore(below, slot)) break
      heap[place] = below
      places[below] = place
      place = child
    }
    heap[place] = slot
    places[slot] = place
  }

  private isBefore(a: number, b: number): boolean {
    const [left, right] = [this.keys[a] ?? 0, this.keys[b] ?? 0]
    return left < right || (left === right && a < b)
  }
}
