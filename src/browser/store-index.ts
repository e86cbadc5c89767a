/**
 * Remembers which stores there are and when each was last used, in a small database of its own, `swarmfetch`: so that
 * a page can list what may be resumed, and what nobody came back for is deleted. A hint, never needed: what is not
 * listed is merely not cleaned up.
 */

import { delMany, getMany, keys, set } from 'idb-keyval'

import { IdbConnection, deleteDatabase } from './idb-connection.ts'
import type { IdbOptions } from './idb-connection.ts'

const INDEX_DATABASE_NAME = 'swarmfetch'

/** A store that nobody has used for so long is deleted, in milliseconds: 7 days (guess: a download put off for the weekend is kept). */
export const STORE_LIFETIME_MS: number = 7 * 24 * 60 * 60 * 1000

/**
 * A store used within this time may belong to a page that is open now, in milliseconds: two hours, twice the interval
 * at which open stores report their use.
 */
export const STORE_IN_USE_MS: number = 2 * 60 * 60 * 1000

/** Most stores that are remembered; beyond that the oldest are deleted. Bounds the index to some 100 KiB. */
export const MAX_STORES = 256

/** One store. */
export interface StoreEntry {
  /** Name of its database; tells stores apart. */
  readonly database: string
  readonly visitor: string
  readonly locator: string
  readonly sizeBytes: number
  /** In milliseconds since 1970, by this visitor's clock. */
  readonly lastUsedAtMs: number
}

export interface StoreIndexOptions extends IdbOptions {
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly nowMs?: () => number
}

/** Every method rejects with `StoreError` only. */
export class StoreIndex {
  readonly #options: StoreIndexOptions
  readonly #connection: IdbConnection
  readonly #nowMs: () => number

  constructor(options: StoreIndexOptions = {}) {
    this.#options = options
    this.#connection = new IdbConnection(INDEX_DATABASE_NAME, options)
    this.#nowMs = options.nowMs ?? Date.now
  }

  /** This store is being used now. */
  async touch(store: Omit<StoreEntry, 'lastUsedAtMs'>): Promise<void> {
    const entry: StoreEntry = { ...store, lastUsedAtMs: this.#nowMs() }
    await this.#connection.run((use) => set(store.database, entry, use))
  }

  /** All stores, the one used last first. */
  async list(): Promise<StoreEntry[]> {
    const names = await this.#connection.run((use) => keys(use))
    const entries = await this.#connection.run((use) => getMany<unknown>(names, use))
    return entries.filter(isStoreEntry).sort(byLatestUse)
  }

  /** Deletes what was not used for `STORE_LIFETIME_MS`, and the oldest beyond `MAX_STORES`. */
  async deleteUnused(): Promise<void> {
    const nowMs = this.#nowMs()
    const stores = await this.list()
    const unused = stores.filter(
      ({ lastUsedAtMs }, rank) => nowMs - lastUsedAtMs > STORE_LIFETIME_MS || rank >= MAX_STORES,
    )
    for (const { database } of unused) await this.deleteStore(database)
  }

  /** Makes room: deletes the store used longest ago that no page has open. False where there is none. */
  async deleteOldest(): Promise<boolean> {
    const nowMs = this.#nowMs()
    const oldest = (await this.list()).findLast(({ lastUsedAtMs }) => nowMs - lastUsedAtMs > STORE_IN_USE_MS)
    if (oldest === undefined) return false
    await this.deleteStore(oldest.database)
    return true
  }

  /** Deletes a store's database and forgets it. */
  async deleteStore(database: string): Promise<void> {
    await deleteDatabase(database, this.#options)
    await this.#connection.run((use) => delMany([database], use))
  }

  close(): void {
    this.#connection.close()
  }
}

/** The database may be another version's, or have been meddled with. */
function isStoreEntry(value: unknown): value is StoreEntry {
  if (typeof value !== 'object' || value === null) return false
  const entry = value as Partial<Record<keyof StoreEntry, unknown>>
  return (
    typeof entry.database === 'string' &&
    entry.database.startsWith(`${INDEX_DATABASE_NAME}:`) &&
    typeof entry.visitor === 'string' &&
    typeof entry.locator === 'string' &&
    Number.isFinite(entry.sizeBytes) &&
    Number.isFinite(entry.lastUsedAtMs)
  )
}

function byLatestUse(one: StoreEntry, other: StoreEntry): number {
  return other.lastUsedAtMs - one.lastUsedAtMs || (one.database < other.database ? -1 : 1)
}
