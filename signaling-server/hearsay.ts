/**
 * A number that visitors tell, of which none may be believed alone: the median of what the last five tellers of
 * distinct address prefixes said. One visitor, however often it tells, has one voice among five.
 */

/** Tellers that count (guess: two liars among them change nothing). */
const VOICES = 5

export class Hearsay {
  /** By prefix, in the order in which they told, the latest last. */
  private readonly told = new Map<string, number>()

  tell(addressPrefix: string, value: number): void {
    this.told.delete(addressPrefix)
    this.told.set(addressPrefix, value)
    if (this.told.size <= VOICES) return
    for (const longestAgo of this.told.keys()) {
      this.told.delete(longestAgo)
      return
    }
  }

  /** The lower one of two in the middle; null where nobody has told. */
  get median(): number | null {
    const values = [...this.told.values()].sort((a, b) => a - b)
    return values[Math.ceil(values.length / 2) - 1] ?? null
  }

  /** Takes over what another heard, as told before all that this one heard. */
  absorb(other: Hearsay): void {
    const own = [...this.told]
    this.told.clear()
    for (const [prefix, value] of [...other.told, ...own]) this.tell(prefix, value)
  }
}
