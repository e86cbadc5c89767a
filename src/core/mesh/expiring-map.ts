/**
 * What is remembered for a fixed while, and of which there is never more than so much: beyond that the oldest goes.
 */

export class ExpiringMap<K, V> {
  private readonly lifetimeMs: number
  private readonly capacity: number
  /** In order of setting, the oldest first. */
  private readonly entries = new Map<K, { readonly value: V; readonly setAtMs: number }>()

  constructor(lifetimeMs: number, capacity: number) {
    this.lifetimeMs = lifetimeMs
    this.capacity = capacity
  }

  get size(): number {
    return this.entries.size
  }

  set(key: K, value: V, nowMs: number): void {
    this.entries.delete(key)
    for (const [oldest, { setAtMs }] of this.entries) {
      if (nowMs - setAtMs < this.lifetimeMs && this.entries.size < this.capacity) break
      this.entries.delete(oldest)
    }
    this.entries.set(key, { value, setAtMs: nowMs })
  }

  get(key: K, nowMs: number): V | undefined {
    const entry = this.entries.get(key)
    return entry !== undefined && nowMs - entry.setAtMs < this.lifetimeMs ? entry.value : undefined
  }

  has(key: K, nowMs: number): boolean {
    const entry = this.entries.get(key)
    return entry !== undefined && nowMs - entry.setAtMs < this.lifetimeMs
  }

  delete(key: K): void {
    this.entries.delete(key)
  }

  /** What is not too old, the oldest first. */
  *live(nowMs: number): Generator<[K, V]> {
    for (const [key, { value, setAtMs }] of this.entries)
      if (nowMs - setAtMs < this.lifetimeMs) yield [key, value]
  }
}
