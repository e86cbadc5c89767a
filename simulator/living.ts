/** Indices of those who are there, in no order: one comes, one goes, one is drawn, each in O(1). */

import type { Random } from '../src/core/random.ts'

export class Living {
  private readonly indices: number[] = []
  private readonly placeOf = new Map<number, number>()

  get count(): number {
    return this.indices.length
  }

  add(index: number): void {
    this.placeOf.set(index, this.indices.length)
    this.indices.push(index)
  }

  remove(index: number): void {
    const place = this.placeOf.get(index)
    const last = this.indices.pop()
    this.placeOf.delete(index)
    if (place === undefined || last === undefined || last === index) return
    this.indices[place] = last
    this.placeOf.set(last, place)
  }

  /** Undefined where nobody is there. */
  draw(random: Random): number | undefined {
    return this.indices[random.below(this.indices.length)]
  }
}
