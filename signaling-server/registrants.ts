/**
 * The living members of one group in the order of their registration, and the sample of them that a newcomer gets:
 * the latest, of as many distinct address prefixes as there are, then filled up. A bare "last k" would let k
 * registrations from one place be all that a newcomer ever hears of.
 *
 * Every operation costs O(k) at most, whatever the group's size: members are linked in one list over all and one a
 * prefix, and the prefixes in a list by their latest registration. A prefix keeps its place when its newest member
 * leaves; only a registration moves it.
 */

import { RecencyList, type Link } from './recency-list.ts'

/** A member's place in the lists; hand it to `remove`. */
export interface Registration<T> {
  readonly value: T
  /** Counts the group's registrations: the higher, the newer. */
  readonly sequence: number
  readonly prefix: Prefix<T>
  readonly amongAll: Link<Registration<T>>
  readonly inPrefix: Link<Registration<T>>
}

interface Prefix<T> {
  readonly text: string
  readonly members: RecencyList<Registration<T>>
  readonly link: Link<Prefix<T>>
}

export class Registrants<T> implements Iterable<T> {
  private readonly members = new RecencyList<Registration<T>>()
  private readonly prefixes = new RecencyList<Prefix<T>>()
  private readonly prefixByText = new Map<string, Prefix<T>>()
  private registrations = 0

  get size(): number {
    return this.members.size
  }

  add(value: T, prefixText: string): Registration<T> {
    const prefix = this.prefixFor(prefixText)
    const registration = { value, sequence: this.registrations++, prefix } as Mutable<Registration<T>>
    registration.amongAll = this.members.add(registration)
    registration.inPrefix = prefix.members.add(registration)
    return registration
  }

  remove({ prefix, amongAll, inPrefix }: Registration<T>): void {
    this.members.remove(amongAll)
    prefix.members.remove(inPrefix)
    if (prefix.members.size > 0) return
    this.prefixes.remove(prefix.link)
    this.prefixByText.delete(prefix.text)
  }

  /** Up to `limit` members, newest first: one of every recent prefix before a second of any. */
  sample(limit: number): readonly T[] {
    const chosen = new Set<Registration<T>>()
    for (const { members } of this.prefixes) {
      if (chosen.size >= limit) break
      if (members.newest !== undefined) chosen.add(members.newest)
    }
    for (const registration of this.members) {
      if (chosen.size >= limit) break
      chosen.add(registration)
    }
    return [...chosen].sort((a, b) => b.sequence - a.sequence).map(({ value }) => value)
  }

  /** All members, newest first. */
  *[Symbol.iterator](): Generator<T> {
    for (const { value } of this.members) yield value
  }

  private prefixFor(text: string): Prefix<T> {
    const known = this.prefixByText.get(text)
    if (known !== undefined) {
      this.prefixes.renew(known.link)
      return known
    }
    const prefix = { text, members: new RecencyList() } as Mutable<Prefix<T>>
    prefix.link = this.prefixes.add(prefix)
    this.prefixByText.set(text, prefix)
    return prefix
  }
}

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] }
