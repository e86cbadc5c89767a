/**
 * What a session holds: every map, set and list in it, found by walking through its fields. Whoever floods a session must
 * not make any of them grow without bound, those included that nobody thought of.
 */

/** The most that is allowed, by the last two fields of the way to it. Each repeats what the core says of itself. */
const LIMITS: Readonly<Record<string, number>> = {
  'updates.heard': 128,
  'sequences.entries': 256,
  'claims.live': 256,
  'claims.sequences': 4096,
  'paths.entries': 4096,
  'seen.entries': 4096,
  'ways.entries': 1024,
  'heardFrom.entries': 1024,
  'avoided.entries': 1024,
  'candidates.kept': 256,
  'mesh.neighbours': 64,
  'neighbour.queue': 32,
  'neighbour.outstanding': 16,
  'neighbour.withheld': 16,
  'goodput.samples': 128,
}

export const NAMED_LIMITS: readonly string[] = Object.keys(LIMITS)

/** Everything else: as many as the largest of these, and a mark for every chunk. */
const MOST = 4096

export interface Holding {
  readonly way: string
  readonly size: number
  readonly most: number
}

/** What is larger than it may be, in sentences. */
export function excesses(session: object, chunkCount: number): readonly string[] {
  return holdings(session, chunkCount).flatMap(({ way, size, most }) =>
    size <= most ? [] : [`${way} holds ${size}, at most ${most} are allowed`],
  )
}

export function holdings(session: object, chunkCount: number): readonly Holding[] {
  const found: Holding[] = []
  const seen = new Set<object>()
  const walk = (value: unknown, way: string): void => {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) return
    seen.add(value)
    const items = itemsOf(value)
    if (items === null) {
      for (const [name, inner] of Object.entries(value)) walk(inner, `${placeOf(value, way)}.${name}`)
      return
    }
    found.push({ way, size: items.length, most: LIMITS[lastTwo(way)] ?? MOST + chunkCount })
    for (const item of items) if (typeof item === 'object') walk(item, way)
  }
  walk(session, 'session')
  return found
}

function itemsOf(value: object): readonly unknown[] | null {
  if (value instanceof Map) return [...(value as Map<unknown, unknown>).values()]
  if (value instanceof Set) return [...(value as Set<unknown>)]
  return Array.isArray(value) ? value : null
}

/** Neighbours are met by many ways; all are called the same. */
function placeOf(value: object, way: string): string {
  return 'outstanding' in value && 'queue' in value ? 'neighbour' : way
}

function lastTwo(way: string): string {
  return way.split('.').slice(-2).join('.')
}
