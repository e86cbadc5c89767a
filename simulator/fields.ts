/**
 * Reads fields of an object that came from outside. Each read names its bounds; what is wrong is said with the path to
 * it. Fields that nobody asked for are refused, as they are misspelt.
 */

/** A scenario makes no sense; the message says where, and what would. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError'
}

export interface Bounds {
  readonly from: number
  readonly to: number
}

export class Fields {
  private readonly values: ReadonlyMap<string, unknown>
  private readonly unread: Set<string>
  readonly path: string

  constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new ScenarioError(`${path} is an object, not ${shown(value)}.`)
    this.values = new Map(Object.entries(value))
    this.unread = new Set(this.values.keys())
    this.path = path
  }

  /** Where a field is, for messages. */
  at(key: string): string {
    return `${this.path}.${key}`
  }

  has(key: string): boolean {
    return this.values.has(key)
  }

  raw(key: string): unknown {
    this.unread.delete(key)
    return this.values.get(key)
  }

  /** Every field as it is, for whoever reads them elsewhere. */
  all(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(this.values)
  }

  number(key: string, bounds: Bounds): number {
    return numberAt(this.raw(key), this.at(key), bounds)
  }

  whole(key: string, bounds: Bounds): number {
    const value = this.number(key, bounds)
    if (Number.isInteger(value)) return value
    throw new ScenarioError(`${this.at(key)} is a whole number, not ${value}.`)
  }

  boolean(key: string): boolean {
    const value = this.raw(key)
    if (typeof value === 'boolean') return value
    throw new ScenarioError(`${this.at(key)} is true or false, not ${shown(value)}.`)
  }

  oneOf<T extends string>(key: string, allowed: readonly T[]): T {
    const value = this.raw(key)
    const found = allowed.find((candidate) => candidate === value)
    if (found !== undefined) return found
    throw new ScenarioError(`${this.at(key)} is one of ${allowed.join(', ')}, not ${shown(value)}.`)
  }

  /** Some of these, none of them twice. */
  someOf<T extends string>(key: string, allowed: readonly T[]): readonly T[] {
    const found = this.list(key, { from: 0, to: allowed.length }).map(([value, path]) => {
      const known = allowed.find((candidate) => candidate === value)
      if (known === undefined)
        throw new ScenarioError(`${path} is one of ${allowed.join(', ')}, not ${shown(value)}.`)
      return known
    })
    if (new Set(found).size === found.length) return found
    throw new ScenarioError(`${this.at(key)} names one of them twice.`)
  }

  /** Letters, digits and `. _ - /`, so that a name is safe in a shell and in a table. */
  name(key: string, maxLength: number): string {
    const value = this.raw(key)
    if (typeof value === 'string' && value.length <= maxLength && /^[\w.-]+(?:\/[\w.-]+)*$/.test(value))
      return value
    throw new ScenarioError(
      `${this.at(key)} is a name of letters, digits, dots and dashes (at most ${maxLength}), not ${shown(value)}.`,
    )
  }

  /** Items of a list, each with its path. */
  list(key: string, length: Bounds): readonly (readonly [value: unknown, path: string])[] {
    return listAt(this.raw(key), this.at(key), length)
  }

  /** What `read` makes of the field, under that key; nothing where the field is absent. */
  optional<K extends string, T>(key: K, read: (key: K) => T): { readonly [P in K]?: T } {
    return this.has(key) ? ({ [key]: read(key) } as { readonly [P in K]?: T }) : {}
  }

  /** To be called when all that is known has been read. */
  end(): void {
    const [stranger] = this.unread
    if (stranger !== undefined)
      throw new ScenarioError(`${this.path} has a field ${shown(stranger)} that means nothing.`)
  }
}

export function numberAt(value: unknown, path: string, { from, to }: Bounds): number {
  if (typeof value === 'number' && value >= from && value <= to) return value
  throw new ScenarioError(`${path} is a number from ${from} to ${to}, not ${shown(value)}.`)
}

export function listAt(
  value: unknown,
  path: string,
  { from, to }: Bounds,
): readonly (readonly [value: unknown, path: string])[] {
  if (!Array.isArray(value) || value.length < from || value.length > to)
    throw new ScenarioError(`${path} is a list of ${from} to ${to} items, not ${shown(value)}.`)
  return value.map((item: unknown, index) => [item, `${path}[${index}]`] as const)
}

/** Long enough to recognise it by. */
const SHOWN_LENGTH = 60

function shown(value: unknown): string {
  if (value === undefined) return 'absent'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(typeof value === 'string' ? value.slice(0, SHOWN_LENGTH + 1) : value)
  return text.length > SHOWN_LENGTH + 2 ? `${text.slice(0, SHOWN_LENGTH)}…` : text
}
