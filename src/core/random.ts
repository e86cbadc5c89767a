/**
 * The core's only source of chance: xoshiro128** 1.1 (Blackman & Vigna, "Scrambled linear pseudorandom number
 * generators", 2021), seeded by splitmix32. The same seed gives the same decisions, in any process. Not for secrets.
 */
export class Random {
  private readonly state: Uint32Array

  constructor(seed: number) {
    this.state = new Uint32Array(4)
    let mixed = seed | 0
    for (let word = 0; word < 4; word++) {
      mixed = (mixed + 0x9e3779b9) | 0
      let z = mixed
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
      this.state[word] = z ^ (z >>> 15)
    }
  }

  /** A whole number, 0 to 2³²−1. */
  uint32(): number {
    const s = this.state as unknown as [number, number, number, number]
    const scrambled = Math.imul(s[1], 5)
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0
    const shifted = s[1] << 9
    s[2] ^= s[0]
    s[3] ^= s[1]
    s[1] ^= s[2]
    s[0] ^= s[3]
    s[2] ^= shifted
    s[3] = (s[3] << 11) | (s[3] >>> 21)
    return result
  }

  /** A number in [0, 1). */
  fraction(): number {
    return this.uint32() / 0x1_0000_0000
  }

  /** A whole number in [0, count). `count` is at least 1. */
  below(count: number): number {
    return Math.floor(this.fraction() * count)
  }

  /** A number in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.fraction()
  }

  /** So many of these, or all if there are fewer, in the order of the draw. The list given is used up. */
  some<T>(items: T[], count: number): T[] {
    const drawn: T[] = []
    while (drawn.length < count && items.length > 0) drawn.push(...items.splice(this.below(items.length), 1))
    return drawn
  }

  /** A generator of its own for one part, so that another draw here does not shift the draws there. */
  fork(): Random {
    return new Random(this.uint32())
  }
}
