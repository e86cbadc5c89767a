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
  private confirmed = false
  /** What the origin first called this version of the file. */
  private originValidator: string | null = null

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
  settle(facts: FileFacts, confirmed: boolean): void {
    this.known = facts
    this.confirmed = confirmed
  }

  /** Without any hash, two versions could be put together unseen. */
  judgeValidator(validator: string | null): FactsVerdict {
    const { config } = this
    const hinted = this.known?.validator ?? null
    const known = this.originValidator ?? hinted
    this.originValidator ??= validator
    const isHashed = config.verification === 'chunkDigests' || config.fileIsHashed === true
    if (isHashed || validator === null || known === null || validator === known) return 'fine'
    return this.confirmed || known !== hinted ? 'inconsistent' : 'misled'
  }

  /** Holds the origin's word against what others said. */
  judgeSize(sizeBytes: number): FactsVerdict {
    if (this.known?.sizeBytes === sizeBytes) {
      this.confirmed = true
      return 'fine'
    }
    if (this.config.facts !== null) return 'integrity-mismatch'
    return this.confirmed ? 'inconsistent' : 'misled'
  }
}
