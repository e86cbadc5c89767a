/**
 * One IndexedDB database with one object store, kept open, as idb-keyval's functions take it. Connections die (iOS)
 * or wedge after a quota error (Firefox) until they are reopened, and some browsers neither open nor refuse: so every
 * call is bounded in time, retried once on a new connection, and fails with `StoreError` only.
 */

import { promisifyRequest } from 'idb-keyval'
import type { UseStore } from 'idb-keyval'

import { StoreError } from '../ports.ts'

const OBJECT_STORE_NAME = 'chunks'

export interface IdbOptions {
  /** Where databases come from. Default: the page's. May throw, as the page's does under some policies. */
  readonly factory?: () => IDBFactory | undefined
  /** Longest that opening or deleting may take, in milliseconds. Default 3,000 (guess: a cold disk takes 100). */
  readonly openTimeoutMs?: number
  /** Longest that one call may take, in milliseconds. Default 30,000 (guess: 8 MB to a slow SD card take 4,000). */
  readonly callTimeoutMs?: number
}

/** A database that opens itself when it is first used, and again when its connection is lost. */
export class IdbConnection {
  readonly name: string
  readonly #factory: () => IDBFactory | undefined
  readonly #openTimeoutMs: number
  readonly #callTimeoutMs: number
  #database: Promise<IDBDatabase> | null = null
  #isClosed = false

  constructor(name: string, options: IdbOptions = {}) {
    this.name = name
    this.#factory = options.factory ?? (() => globalThis.indexedDB)
    this.#openTimeoutMs = options.openTimeoutMs ?? 3_000
    this.#callTimeoutMs = options.callTimeoutMs ?? 30_000
  }

  /** Runs `call` with the database, and once more on a new connection if it fails. Rejects with `StoreError`. */
  async run<T>(call: (use: UseStore) => Promise<T>): Promise<T> {
    try {
      return await this.#attempt(call)
    } catch (error) {
      if (this.#isClosed || error instanceof OpenError) throw toStoreError(error)
    }
    this.#disconnect()
    try {
      return await this.#attempt(call)
    } catch (error) {
      throw toStoreError(error)
    }
  }

  /** Lets go of the database. Calls under way may still succeed, later ones fail. */
  close(): void {
    this.#isClosed = true
    this.#disconnect()
  }

  /** Deletes the database with all that is in it, and closes. Waits for other pages to let go of it. */
  async destroy(): Promise<void> {
    this.close()
    await deleteDatabase(this.name, { factory: this.#factory, openTimeoutMs: this.#openTimeoutMs })
  }

  #attempt<T>(call: (use: UseStore) => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new OpenError('The store is closed.'))
    return withinTime(call(this.#use), this.#callTimeoutMs, 'The store does not answer.')
  }

  readonly #use: UseStore = async (mode, callback) => {
    const database = await this.#open()
    // Chromium's default since 121: what the operating system has taken survives the page.
    const transaction = database.transaction(OBJECT_STORE_NAME, mode, { durability: 'relaxed' })
    // idb-keyval rejects as soon as a request fails, before the transaction knows why.
    let reason: unknown = null
    transaction.addEventListener('error', (event) => (reason = (event.target as IDBRequest).error))
    try {
      return await callback(transaction.objectStore(OBJECT_STORE_NAME))
    } catch (error) {
      throw error ?? reason ?? transaction.error
    }
  }

  #open(): Promise<IDBDatabase> {
    if (this.#database !== null) return this.#database
    const opening = openDatabase(this.name, this.#factory, this.#openTimeoutMs)
    this.#database = opening
    const forget = (): void => {
      if (this.#database === opening) this.#database = null
    }
    opening.then((database) => {
      database.addEventListener('close', forget)
      // Another page deletes it, and waits for this one.
      database.addEventListener('versionchange', () => {
        forget()
        database.close()
      })
    }, forget)
    return opening
  }

  #disconnect(): void {
    // Closing waits for the transactions under way, but keeps nobody from opening anew.
    this.#database?.then(
      (database) => database.close(),
      () => undefined,
    )
    this.#database = null
  }
}

/** Deletes a database. Rejects with `StoreError`, also where another page holds on to it for too long. */
export async function deleteDatabase(name: string, options: IdbOptions = {}): Promise<void> {
  try {
    const deleting = promisifyRequest(factoryOf(options.factory).deleteDatabase(name))
    await withinTime(deleting, options.openTimeoutMs ?? 3_000, 'The store is not let go of.')
  } catch (error) {
    throw toStoreError(error)
  }
}

/** There is no database to be had, and trying again at once is of no use. */
class OpenError extends Error {}

class TimeoutError extends Error {}

async function openDatabase(
  name: string,
  factory: () => IDBFactory | undefined,
  timeoutMs: number,
): Promise<IDBDatabase> {
  const request = factoryOf(factory).open(name)
  request.addEventListener('upgradeneeded', () => request.result.createObjectStore(OBJECT_STORE_NAME))
  const opening = promisifyRequest(request)
  try {
    return await withinTime(opening, timeoutMs, 'The store does not open.')
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error
    // If it opens after all, nobody waits for it any more.
    opening.then(
      (database) => database.close(),
      () => undefined,
    )
    throw new OpenError('IndexedDB does not open.', { cause: error })
  }
}

function factoryOf(factory: () => IDBFactory | undefined = () => globalThis.indexedDB): IDBFactory {
  let found: IDBFactory | undefined
  try {
    found = factory()
  } catch (cause) {
    throw new OpenError('This page may not use IndexedDB.', { cause })
  }
  if (found === undefined || found === null) throw new OpenError('This browser has no IndexedDB.')
  return found
}

function withinTime<T>(promise: Promise<T>, timeoutMs: number, sentence: string): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new TimeoutError(sentence)), timeoutMs)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

function toStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  const isQuota = error instanceof DOMException && error.name === 'QuotaExceededError'
  if (isQuota) return new StoreError('quota', "This page's share of the disk is used up.", error)
  const isOwn = error instanceof OpenError || error instanceof TimeoutError
  const message = isOwn ? error.message : 'The store failed.'
  return new StoreError('unavailable', message, error)
}
