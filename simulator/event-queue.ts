/**
 * What happens next in virtual time: a binary heap, ordered by time and then by the order of insertion, so that the
 * same events always happen in the same order.
 */
export class EventQueue {
  private readonly heap: { readonly atMs: number; readonly order: number; readonly run: () => void }[] = []
  private inserted = 0
  private now = 0

  get nowMs(): number {
    return this.now
  }

  at(atMs: number, run: () => void): void {
    const entry = { atMs: Math.max(atMs, this.now), order: this.inserted++, run }
    let place = this.heap.length
    this.heap.push(entry)
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!this.isBefore(place, parent)) break
      this.swap(place, parent)
      place = parent
    }
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.now + delayMs, run)
  }

  /** Runs the next event; false where there is none. */
  step(): boolean {
    const first = this.heap[0]
    const last = this.heap.pop()
    if (first === undefined || last === undefined) return false
    if (this.heap.length > 0) {
      this.heap[0] = last
      this.sink()
    }
    this.now = first.atMs
    first.run()
    return true
  }

  private sink(): void {
    let place = 0
    for (;;) {
      let least = place
      for (const child of [2 * place + 1, 2 * place + 2])
        if (child < this.heap.length && this.isBefore(child, least)) least = child
      if (least === place) return
      this.swap(place, least)
      place = least
    }
  }

  private isBefore(a: number, b: number): boolean {
    const [left, right] = [this.heap[a], this.heap[b]]
    if (left === undefined || right === undefined) return false
    return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order)
  }

  private swap(a: number, b: number): void {
    const [left, right] = [this.heap[a], this.heap[b]]
    if (left === undefined || right === undefined) return
    this.heap[a] = right
    this.heap[b] = left
  }
}
