/**
 * One writer a store: two tabs, or two downloads in one page, that wrote into one another's chunks could each hand out
 * bytes that only the other has verified. Web Locks where the browser has them (secure contexts), and a list of this
 * page's own in any case.
 */

const held = new Set<string>()

/** A function that lets go of the store; null where somebody else holds it. */
export async function lockStore(name: string): Promise<(() => void) | null> {
  if (held.has(name)) return null
  held.add(name)
  const release = await lockInBrowser(`swarmfetch ${name}`)
  if (release === null) {
    held.delete(name)
    return null
  }
  return () => {
    held.delete(name)
    release()
  }
}

function lockInBrowser(name: string): Promise<(() => void) | null> {
  const locks: LockManager | undefined = globalThis.navigator?.locks
  if (locks === undefined) return Promise.resolve(() => {})
  return new Promise((resolve) => {
    const grant = (lock: Lock | null): Promise<void> | null => {
      if (lock === null) {
        resolve(null)
        return null
      }
      return new Promise((release) => resolve(release))
    }
    // Without locks (a sandboxed page) nobody else has any, either.
    locks.request(name, { ifAvailable: true }, grant).catch(() => resolve(() => {}))
  })
}
