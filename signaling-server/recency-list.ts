/**
 * A list in the order in which its values came, from which any can be taken out at once: a doubly linked list whose
 * links the caller keeps. Adding and removing cost O(1); reading the newest k costs O(k), however long the list is.
 */

export interface Link<T> {
  readonly value: T
  older: Link<T> | null
  newer: Link<T> | null
}

export class RecencyList<T> {
  private newestLink: Link<T> | null = null
  private oldestLink: Link<T> | null = null
  private length = 0

  get size(): number {
    return this.length
  }

  get newest(): T | undefined {
    return this.newestLink?.value
  }

  get oldest(): T | undefined {
    return this.oldestLink?.value
  }

  /** Adds a value as the newest. The link is what takes it out again. */
  add(value: T): Link<T> {
    const link: Link<T> = { value, older: null, newer: null }
    this.attach(link)
    return link
  }

  /** Takes out a link of this list, once. */
  remove(link: Link<T>): void {
    if (link.newer === null) this.newestLink = link.older
    else link.newer.older = link.older
    if (link.older === null) this.oldestLink = link.newer
    else link.older.newer = link.newer
    link.older = null
    link.newer = null
    this.length--
  }

  /** Makes a link of this list the newest. */
  renew(link: Link<T>): void {
    this.remove(link)
    this.attach(link)
  }

  /** Newest first. */
  *[Symbol.iterator](): Generator<T> {
    for (let link = this.newestLink; link !== null; link = link.older) yield link.value
  }

  private attach(link: Link<T>): void {
    link.older = this.newestLink
    if (this.newestLink !== null) this.newestLink.newer = link
    this.newestLink = link
    this.oldestLink ??= link
    this.length++
  }
}
