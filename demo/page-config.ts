/**
 * What `npm start` tells the page, at /config.json.
 */

export interface DemoConfig {
  readonly url: string
  readonly name: string
  readonly sizeBytes: number
  /** Null: unlimited. */
  readonly rateBitsPerSec: number | null
  readonly topology: string
  readonly integrity: string
}

/** At /origin.json: what the origin has sent to everybody together, in copies of the file. */
export interface OriginTotal {
  readonly copies: number
}
