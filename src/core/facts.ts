/**
 * What is known of the file, and by whose word. The page's manifest and the origin itself count; what the topology
 * server or a neighbour says is a hint, which the origin's first answer confirms or refutes.
 */

import type { SessionConfig, SessionFailure } from './session-io.ts'
import type { FileFacts } from './types.ts'

/** What an answer of the origin means for what was known: nothing wrong, others misled us, or the session has failed. */
export type FactsVerdict = 'fine' | 'misled' | Extract<SessionFailure, 'inconsistent' | 'integrity-mismatch'>

export class Facts {
  private readonly config: SessionConfig
  private known: FileFacts | null = null
  /** By which origin; null: by none, or by the page itself. */
  private confirmedBy: number | null = null
  private confirmed = false
  /** What each origin first called this version of the file. */
  private readonly validators = new Map<number, string>()

  constructor(config: SessionConfig) {
    this.config = config
  }

  /** The origin itself, or the page's manifest, has told the size. */
  get areConfirmed(): boolean {
    return this.confirmed
  }

  /**
   * A hint counts in the geometry that we would choose. Where no hash shows in the end whether it was true, a file of
   * nothing is not believed: it would be complete before the origin was asked.
   */
  isPlausible(facts: FileFacts): boolean {
    const { verification, fileIsHashed, chunkBytesFor } = this.config
    if (facts.sizeBytes === 0 && verification === 'sendersDigest' && fileIsHashed !== true) return false
    return facts.chunkBytes === chunkBytesFor(facts.sizeBytes)
  }

  /** From now on these are the facts. */
  settle(facts: FileFacts, confirmed: boolean, by: number | null = null): void {
    this.known = facts
    this.confirmed = confirmed
    this.confirmedBy = by
  }

  /** Without any hash, two versions could be put together unseen. */
  judgeValidator(validator: string | null, origin: number): FactsVerdict {
    const hinted = this.known?.validator ?? null
    const called = this.validators.get(origin)
    if (this.isHashed || validator === null) return 'fine'
    if (origin > 0 && !this.agreesWithFirst(validator, called ?? null)) return 'inconsistent'
    if (called === undefined) this.validators.set(origin, validator)
    if (origin > 0) return 'fine'
    // What mirrors have brought so far is of another version.
    if (called === undefined && this.mirrorsDisagree(validator)) return 'misled'
    const known = called ?? hinted
    if (known === null || validator === known || (called === undefined && this.isAnothers)) return 'fine'
    return this.isFirstsWord || known !== hinted ? 'inconsistent' : 'misled'
  }

  /** Some hash shows in the end whether bytes of two versions were put together. */
  get isHashed(): boolean {
    return this.config.verification === 'chunkDigests' || this.config.fileIsHashed === true
  }

  /**
   * Servers make entity tags each in its own way, so those of two servers are not to be compared. Dates are, as whoever
   * makes a mirror keeps them.
   */
  private agreesWithFirst(validator: string, called: string | null): boolean {
    if (called !== null && called !== validator) return false
    const first = this.validators.get(0)
    return first === undefined || !areUnlike(first, validator)
  }

  /** The same, where mirrors answered before the URL itself. */
  private mirrorsDisagree(validator: string): boolean {
    return [...this.validators.values()].some((each) => areUnlike(each, validator))
  }

  /** What is known was told by a mirror. */
  private get isAnothers(): boolean {
    return (this.confirmedBy ?? 0) > 0
  }

  /** What is known was told by the URL itself, or the page. */
  private get isFirstsWord(): boolean {
    return this.confirmed && (this.confirmedBy === 0 || this.config.facts !== null)
  }

  /** Holds an origin's word against what others said. What a mirror said counts until the URL itself answers. */
  judgeSize(sizeBytes: number, origin: number): FactsVerdict {
    if (this.known?.sizeBytes === sizeBytes) {
      this.confirmed = true
      if (origin === 0) this.confirmedBy = 0
      return 'fine'
    }
    // Nothing that it may bring is wanted.
    if (origin > 0) this.validators.delete(origin)
    if (this.config.facts !== null) return 'integrity-mismatch'
    const isMirrors = origin === 0 && (this.confirmedBy ?? 0) > 0
    return this.confirmed && !isMirrors ? 'inconsistent' : 'misled'
  }
}

/** Two servers' names for what they serve show that it is not the same. */
function areUnlike(one: string, other: string): boolean {
  return one !== other && !isTag(one) && !isTag(other)
}

/** An entity tag is quoted (RFC 9110, 8.8.3), a date is not. */
function isTag(validator: string): boolean {
  return validator.startsWith('"')
}
