/**
 * IndexedDB behind the back of the stores: looks into their databases, and breaks them as browsers do.
 */

/** Watches the connections that are made, and breaks them as a browser does that lost its storage process. */
export class Connections {
  readonly #databases: IDBDatabase[] = []

  readonly factory = (): IDBFactory =>
    ({
      open: (name: string) => {
        const request = indexedDB.open(name)
        request.addEventListener('success', () => this.#databases.push(request.result))
        return request
      },
      deleteDatabase: (name: string) => indexedDB.deleteDatabase(name),
    }) as unknown as IDBFactory

  killAll(): void {
    for (const database of this.#databases) database.close()
  }

  names(): string[] {
    return this.#databases.map(({ name }) => name)
  }

  openCount(): number {
    return this.#databases.filter(isOpen).length
  }
}

function isOpen(database: IDBDatabase): boolean {
  try {
    database.transaction('chunks').abort()
    return true
  } catch {
    return false
  }
}

/** The page's IndexedDB, refusing some databases. */
export function selectiveFactory(allows: (name: string) => boolean): IDBFactory {
  return {
    open: (name: string) => {
      if (!allows(name)) throw new DOMException('refused', 'UnknownError')
      return indexedDB.open(name)
    },
    deleteDatabase: (name: string) => indexedDB.deleteDatabase(name),
  } as unknown as IDBFactory
}

/** Keeps the database in the making, so that nobody else can open it, until the returned function is called. */
export async function holdUpgrade(name: string): Promise<() => Promise<void>> {
  const request = indexedDB.open(name)
  let isHeld = true
  await new Promise<void>((resolve) => {
    request.addEventListener('upgradeneeded', () => {
      const store = request.result.createObjectStore('chunks')
      const keepBusy = (): void => {
        if (isHeld) store.get(0).addEventListener('success', keepBusy)
      }
      keepBusy()
      resolve()
    })
  })
  return async () => {
    isHeld = false
    await new Promise((resolve) => request.addEventListener('success', resolve))
    request.result.close()
  }
}

export async function rawDelete(name: string): Promise<void> {
  const request = indexedDB.deleteDatabase(name)
  await new Promise((resolve, reject) => {
    request.addEventListener('success', resolve)
    request.addEventListener('error', () => reject(request.error ?? new Error('It failed.')))
  })
}

/** Everything in the database of a store. */
export async function rawValues(name: string): Promise<unknown[]> {
  return inDatabase(name, (store) => store.getAll() as IDBRequest<unknown[]>)
}

/** Puts this in the place of the first chunk. */
export async function rawReplaceValue(name: string, value: unknown): Promise<void> {
  const [key] = await inDatabase(name, (store) => store.getAllKeys())
  await inDatabase(name, (store) => store.put(value, key))
}

async function inDatabase<T>(name: string, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const opening = indexedDB.open(name)
  await new Promise((resolve) => opening.addEventListener('success', resolve))
  const database = opening.result
  const request = ask(database.transaction('chunks', 'readwrite').objectStore('chunks'))
  await new Promise((resolve) => request.transaction?.addEventListener('complete', resolve))
  database.close()
  return request.result
}

/** Deletes all databases that stores made; open ones let go of theirs. */
export async function deleteEverything(): Promise<void> {
  for (const { name } of await indexedDB.databases()) {
    if (name?.startsWith('swarmfetch')) await rawDelete(name)
  }
}

/** An IndexedDB of its own with a disk share of its own (Storage Buckets, Chromium 122). */
export async function openSmallBucket(quota: number): Promise<IDBFactory> {
  const { storageBuckets } = navigator as unknown as {
    storageBuckets: { open(name: string, options: object): Promise<{ indexedDB: IDBFactory }> }
  }
  return (await storageBuckets.open(`small-${crypto.randomUUID()}`, { quota })).indexedDB
}
