/**
 * The tracker: who announces is told of others at random. It also carries what two clients say to each other to set up
 * a link, as WebTorrent's does; over TCP the address would do, and take one round trip less.
 */

import type { Random } from '../../src/core/random.ts'

/** Most others that an answer names. Cohen 2003 and most of the literature on it say 40; other trackers up to 50. */
export const MAX_TOLD = 40

/** Times at which it does not answer, in ms; null: for good. */
export type Outages = readonly { readonly fromMs: number; readonly untilMs: number | null }[]

export class Tracker {
  announces = 0
  /** Signals passed on. */
  relayed = 0
  private readonly outages: Outages
  private readonly random: Random
  private readonly indices: number[] = []
  private readonly placeOf = new Map<number, number>()

  constructor(outages: Outages, random: Random) {
    this.outages = outages
    this.random = random
  }

  isAway(nowMs: number): boolean {
    return this.outages.some(
      ({ fromMs, untilMs }) => nowMs >= fromMs && (untilMs === null || nowMs < untilMs),
    )
  }

  /** Remembers who announces, and names up to `MAX_TOLD` others. */
  announce(index: number): readonly number[] {
    this.announces++
    const told = this.draw(index)
    if (!this.placeOf.has(index)) {
      this.placeOf.set(index, this.indices.length)
      this.indices.push(index)
    }
    return told
  }

  /** One has said that it goes. Who dies without a word is told of further on. */
  stopped(index: number): void {
    const place = this.placeOf.get(index)
    if (place === undefined) return
    this.swap(place, this.indices.length - 1)
    this.indices.pop()
    this.placeOf.delete(index)
  }

  /** The first steps of a shuffle: each set of others is as likely as any. */
  private draw(except: number): readonly number[] {
    const { indices, random } = this
    const told: number[] = []
    for (let place = 0; place < indices.length && told.length < MAX_TOLD; place++) {
      this.swap(place, place + random.below(indices.length - place))
      const index = indices[place]
      if (index !== undefined && index !== except) told.push(index)
    }
    return told
  }

  private swap(a: number, b: number): void {
    const [left, right] = [this.indices[a], this.indices[b]]
    if (left === undefined || right === undefined) return
    this.indices[a] = right
    this.indices[b] = left
    this.placeOf.set(right, a)
    this.placeOf.set(left, b)
  }
}
