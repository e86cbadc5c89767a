/**
 * Which bytes count: judges chunks by their digests, settles disputes, and starts over with what proved wrong.
 *
 * A chunk comes whole from one source, so a wrong one has exactly one sender. With the page's own chunk hashes the
 * verdict is final. With only a hash of the whole, a chunk is held against what its sender said of it; holders that
 * disagree make it doubtful, and only the origin may bring it; if the whole still fails, all that is second-hand is
 * fetched again.
 */

import type { Context } from './context.ts'
import { sameDigest } from './digests.ts'
import type { Mesh, MeshMaterial } from './mesh/mesh.ts'
import type { Origins } from './origin/origins.ts'
import type { ChunkSource, SessionInput } from './session-io.ts'

export interface VerificationEvents {
  /** The origin's own bytes are not what the page says they must be. */
  originIsWrong(): void
  /** Every chunk passed, the file does not, and it was others who told its size. */
  sizeMayBeWrong(): boolean
}

export class Verification {
  private readonly context: Context
  private readonly mesh: Mesh
  private readonly origins: Origins
  private readonly material: MeshMaterial
  private readonly events: VerificationEvents
  private phase: 'fetching' | 'checking' | 'done' = 'fetching'

  constructor(
    context: Context,
    parts: { readonly mesh: Mesh; readonly origins: Origins },
    material: MeshMaterial,
    events: VerificationEvents,
  ) {
    this.context = context
    this.mesh = parts.mesh
    this.origins = parts.origins
    this.material = material
    this.events = events
  }

  get isFetching(): boolean {
    return this.phase === 'fetching'
  }

  /** The file is whole, and is what it should be. */
  get isDone(): boolean {
    return this.phase === 'done'
  }

  /** An earlier visit left these; until they are hashed, they are as good as here. */
  restoring(chunks: readonly number[]): void {
    const { inventory } = this.material
    for (const chunk of chunks) {
      if (!inventory.isMissing(chunk)) continue
      this.mesh.requests.cancelEverywhere(chunk)
      inventory.markChecking(chunk)
    }
  }

  notRestored(chunk: number): void {
    if (!this.material.inventory.kept.has(chunk)) this.refuse(chunk, { kind: 'store' })
    this.origins.work()
  }

  /** A chunk's digest is known: keeps the chunk or refuses it. */
  digested({ chunk, source, digest }: Extract<SessionInput, { type: 'digested' }>): void {
    const { inventory, digests } = this.material
    if (inventory.kept.has(chunk)) return this.context.emit({ type: 'discard', chunk, source })
    if (!this.canJudge(chunk, source)) {
      this.refuse(chunk, source)
      return this.origins.work()
    }
    if (!this.isGenuine(chunk, source, digest)) return this.blame(chunk, source)
    if (digest !== null) digests.set(chunk, digest)
    inventory.markKept(chunk, source)
    this.context.emit({ type: 'keep', chunk, source, digest })
    // Not a mirror's: it may have another file, and those who have the right one would be let go.
    if (source.kind === 'origin' && digest !== null) this.settle(chunk, digest)
    this.mesh.announcer.announce(chunk)
    if (source.kind === 'peer') this.mesh.noteChunk()
    this.completeIfFull()
  }

  /** Two holders disagree about a chunk: only the origin can settle it. Nobody is banned. */
  doubt(chunk: number): void {
    const { inventory } = this.material
    if (this.phase === 'done' || inventory.isFromOrigin(chunk) || inventory.isDoubtful(chunk)) return
    this.mesh.requests.cancelEverywhere(chunk)
    inventory.markDoubtful(chunk)
    if (inventory.kept.has(chunk)) this.giveUp(chunk)
    this.phase = 'fetching'
    this.origins.work()
  }

  /** A kept chunk cannot be read any more. */
  chunkLost(chunk: number): void {
    if (!this.material.inventory.kept.has(chunk)) return
    this.giveUp(chunk)
    this.phase = 'fetching'
    this.mesh.requests.askAll()
    this.origins.work()
  }

  completeIfFull(): void {
    if (this.phase !== 'fetching' || !this.material.inventory.isComplete) return
    this.phase = 'checking'
    this.origins.rest()
    this.context.emit({ type: 'complete' })
  }

  fileVerified(): void {
    if (this.phase === 'checking') this.phase = 'done'
  }

  /** What is second-hand is fetched again, from the origin only. */
  fileMismatched(): void {
    if (this.phase !== 'checking' || this.events.sizeMayBeWrong()) return
    // A mirror may serve another file of the same length: the URL itself has the last word.
    if (this.material.inventory.secondHand(true).length === 0) return this.events.originIsWrong()
    if (this.origins.banMirrors()) this.startOver(true)
    else if (this.material.inventory.secondHand().length > 0) this.startOver(false)
    else this.events.originIsWrong()
  }

  /** From now on only the origins' own bytes count. */
  distrustPeers(): void {
    if (this.phase !== 'done') this.startOver(false)
  }

  private startOver(mirrorsToo: boolean): void {
    this.mesh.requests.stop()
    for (const chunk of this.material.inventory.secondHand(mirrorsToo)) this.giveUp(chunk)
    if (this.material.inventory.isComplete) return
    this.phase = 'fetching'
    this.origins.insist()
  }

  /** The origin's word on a chunk shows who is wrong; with them gone, what they disputed is not in doubt any more. */
  private settle(chunk: number, digest: Uint8Array): void {
    if (!this.mesh.sendersDigests.settle(chunk, digest)) return
    const { inventory } = this.material
    for (const doubtful of inventory.doubtfulChunks())
      if (!this.mesh.sendersDigests.isDisputed(doubtful)) inventory.clearDoubt(doubtful)
    this.mesh.requests.askAll()
  }

  /** A neighbour that has left cannot be held to its word, and a doubtful chunk is the origin's to bring. */
  private canJudge(chunk: number, source: ChunkSource): boolean {
    if (isOrigins(source)) return true
    if (!this.mesh.requests.trustPeers || this.material.inventory.isDoubtful(chunk)) return false
    if (source.kind === 'store') return true
    return this.context.config.verification !== 'sendersDigest' || this.mesh.neighbours.has(source.peer)
  }

  private isGenuine(chunk: number, source: ChunkSource, digest: Uint8Array | null): boolean {
    if (digest === null || this.context.config.verification === 'none') return true
    const expected = this.expectedDigest(chunk, source, digest)
    return expected !== null && sameDigest(expected, digest)
  }

  private expectedDigest(chunk: number, source: ChunkSource, digest: Uint8Array): Uint8Array | null {
    if (this.context.config.verification === 'chunkDigests') return this.material.digests.get(chunk)
    if (source.kind === 'peer') return this.mesh.neighbours.get(source.peer)?.digests.get(chunk) ?? null
    return digest
  }

  /** A wrong chunk: its one sender is to blame. */
  private blame(chunk: number, source: ChunkSource): void {
    this.refuse(chunk, source)
    if (source.kind === 'peer') this.mesh.ban(source.peer)
    if (isOrigins(source) && !this.origins.ban(originOf(source))) this.events.originIsWrong()
  }

  private refuse(chunk: number, source: ChunkSource): void {
    this.material.inventory.markCheckFailed(chunk)
    this.context.emit({ type: 'discard', chunk, source })
    this.mesh.requests.askHolders(chunk)
  }

  private giveUp(chunk: number): void {
    this.material.inventory.markLost(chunk)
    this.context.emit({ type: 'forget', chunk })
    this.mesh.service.giveUp(chunk)
  }
}

function isOrigins(source: ChunkSource): source is Extract<ChunkSource, { kind: 'origin' | 'mirror' }> {
  return source.kind === 'origin' || source.kind === 'mirror'
}

/** Its place in the list of origins. */
function originOf(source: ChunkSource): number {
  return source.kind === 'mirror' ? source.origin : 0
}
