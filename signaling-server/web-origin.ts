/** The web origin (`https://example.com`) that this text names, in the form browsers send it; null where it names none. */
export function parseWebOrigin(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol)) return null
  return url.href === `${url.origin}/` ? url.origin : null
}
