/**
 * Who this tab is. Tabs of one browser share storage, so each names a visitor of its own: `?visitor=a` in the address,
 * else a name that the tab keeps over reloads.
 */

const KEY = 'visitor'

/** The name. A duplicated tab inherits its original's session storage; it notices by a lock, and takes a new name. */
export async function visitorName(): Promise<string> {
  const named = new URLSearchParams(location.search).get('visitor')
  if (named !== null && named !== '') return named
  const kept = sessionStorage.getItem(KEY)
  if (kept !== null && (await claim(kept))) return kept
  const fresh = randomName()
  sessionStorage.setItem(KEY, fresh)
  await claim(fresh)
  return fresh
}

/** Holds the name for as long as the page lives; false where another tab holds it. */
function claim(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const forever = new Promise<void>(() => undefined)
    void navigator.locks.request(`demo visitor ${name}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null)
      return lock === null ? undefined : forever
    })
  })
}

function randomName(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(3)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}
