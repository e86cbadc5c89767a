/**
 * The members of one group that have a socket, in the order of their registration. The latest W of them are inside the
 * window, and so is everybody of the last few seconds, so that a flash crowd finds itself; the others are outside:
 * they may give their sockets up. A prefix that holds more than a quarter of the window pushes out its own first, or
 * W registrations from one place would be all that a newcomer ever hears of.
 *
 * The sample that a newcomer gets: one half the latest inside, of as many distinct address prefixes as there are, since
 * they are the most likely to stay; the other half drawn uniformly from all inside, so that ten thousand who come in
 * one second become a random graph and not a chain. Those outside are a last resort.
 *
 * Every operation costs O(k) at most, whatever the group's size: members are linked in one list over all and one a
 * prefix, and the prefixes in a list by their latest registration. A prefix keeps its place when its newest member
 * leaves; only a registration moves it.
 */

import { RecencyList, type Link } from './recency-list.ts'

export interface WindowLimits {
  /** Members inside, W. */
  readonly window: number
  /** How long a registration is inside whatever their number, in ms. */
  readonly graceMs: number
}

/** A member's place in the lists; hand it to `remove`. */
export interface Registration<T> {
  readonly value: T
  /** Counts the group's registrations: the higher, the newer. */
  readonly sequence: number
  readonly atMs: number
  readonly prefix: Prefix<T>
  /** Its place in the list of those inside, or outside. */
  amongAll: Link<Registration<T>>
  readonly inPrefix: Link<Registration<T>>
  /** Its index among those that are drawn from; null where it is outside. */
  index: number | null
}

interface Prefix<T> {
  readonly text: string
  /** Those inside. */
  readonly members: RecencyList<Registration<T>>
  readonly link: Link<Prefix<T>>
}

/** The part of the window that one prefix may hold while others want it (guess). */
const PREFIX_SHARE = 1 / 4

export class Registrants<T> implements Iterable<T> {
  private readonly limits: WindowLimits
  private readonly prefixQuota: number
  private readonly inside = new RecencyList<Registration<T>>()
  private readonly outside = new RecencyList<Registration<T>>()
  /** Those inside, in no order: what chance draws from. */
  private readonly indexed: Registration<T>[] = []
  private readonly prefixes = new RecencyList<Prefix<T>>()
  private readonly prefixByText = new Map<string, Prefix<T>>()
  /** Prefixes with more members inside than their quota, */
  private readonly overQuota = new Set<Prefix<T>>()
  /** and how many more that makes in all. */
  private excess = 0
  private registrations = 0

  constructor(limits: WindowLimits) {
    this.limits = limits
    this.prefixQuota = Math.ceil(limits.window * PREFIX_SHARE)
  }

  get size(): number {
    return this.inside.size + this.outside.size
  }

  /** More are inside than the window holds: for now, or until `shrink` may push them out. */
  get isCrowded(): boolean {
    return this.inside.size > this.limits.window
  }

  add(value: T, prefixText: string, nowMs: number): Registration<T> {
    const prefix = this.prefixFor(prefixText)
    const registration = {
      value,
      sequence: this.registrations++,
      atMs: nowMs,
      prefix,
      index: this.indexed.length,
    } as Mutable<Registration<T>>
    registration.amongAll = this.inside.add(registration)
    registration.inPrefix = prefix.members.add(registration)
    this.indexed.push(registration)
    if (prefix.members.size > this.prefixQuota) {
      this.overQuota.add(prefix)
      this.excess++
    }
    return registration
  }

  remove(registration: Registration<T>): void {
    if (registration.index === null) this.outside.remove(registration.amongAll)
    else this.takeOut(registration, registration.index)
  }

  /** Pushes out who has fallen out of the window by now. */
  shrink(nowMs: number): readonly T[] {
    const pushedOut: T[] = []
    for (let next = this.nextOut(nowMs); next !== null; next = this.nextOut(nowMs)) {
      if (next.index !== null) this.takeOut(next, next.index)
      next.index = null
      next.amongAll = this.outside.add(next)
      pushedOut.push(next.value)
    }
    return pushedOut
  }

  /** Up to `limit` members, newest first. `random` draws from [0, 1). */
  sample(limit: number, random: () => number): readonly T[] {
    const chosen = this.latest(Math.ceil(limit / 2))
    const drawable = Math.min(this.indexed.length, limit + chosen.size)
    for (let drawn = 0; drawn < drawable && chosen.size < limit; drawn++) {
      this.swap(drawn, drawn + Math.floor(random() * (this.indexed.length - drawn)))
      const registration = this.indexed[drawn]
      if (registration !== undefined) chosen.add(registration)
    }
    for (const registration of this.outside) {
      if (chosen.size >= limit) break
      chosen.add(registration)
    }
    return [...chosen].sort((a, b) => b.sequence - a.sequence).map(({ value }) => value)
  }

  /** All members, those inside first, each part newest first. */
  *[Symbol.iterator](): Generator<T> {
    for (const { value } of this.inside) yield value
    for (const { value } of this.outside) yield value
  }

  /** Of those inside, one of every recent prefix before a second of any. */
  private latest(limit: number): Set<Registration<T>> {
    const chosen = new Set<Registration<T>>()
    for (const { members } of this.prefixes) {
      if (chosen.size >= limit) break
      if (members.newest !== undefined) chosen.add(members.newest)
    }
    for (const registration of this.inside) {
      if (chosen.size >= limit) break
      chosen.add(registration)
    }
    return chosen
  }

  /** Who is to be pushed out next; null where nobody is. */
  private nextOut(nowMs: number): Registration<T> | null {
    const { window, graceMs } = this.limits
    const mayGo = (one: Registration<T> | undefined): one is Registration<T> =>
      one !== undefined && nowMs - one.atMs >= graceMs
    if (!this.isCrowded) return null
    for (const { members } of this.overQuota) if (mayGo(members.oldest)) return members.oldest
    const { oldest } = this.inside
    return this.inside.size - this.excess > window && mayGo(oldest) ? oldest : null
  }

  private takeOut(registration: Registration<T>, index: number): void {
    const { prefix } = registration
    this.swap(index, this.indexed.length - 1)
    this.indexed.pop()
    this.inside.remove(registration.amongAll)
    if (prefix.members.size > this.prefixQuota) this.excess--
    prefix.members.remove(registration.inPrefix)
    if (prefix.members.size <= this.prefixQuota) this.overQuota.delete(prefix)
    if (prefix.members.size > 0) return
    this.prefixes.remove(prefix.link)
    this.prefixByText.delete(prefix.text)
  }

  private swap(left: number, right: number): void {
    const [a, b] = [this.indexed[left], this.indexed[right]]
    if (a === undefined || b === undefined) return
    this.indexed[left] = b
    this.indexed[right] = a
    b.index = left
    a.index = right
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
