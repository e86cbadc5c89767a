/**
 * What is counted of a run: inputs, bytes, what was broken, and a hash over every input in order.
 */

import { FaultTally } from './faults/fault-tally.ts'
import type { StandstillWatch } from './standstill.ts'

/** Most violations that are told; what comes after the first hundred is more of the same. */
const MAX_VIOLATIONS = 100

/** What happened to a host, as far as it is counted: a session's input, or what a BitTorrent client hears. */
export interface Noted {
  readonly type: string
  readonly chunk?: number
  readonly message?: { readonly type: string; readonly chunk?: number }
}

export class Tally {
  inputs = 0
  chunksKept = 0
  bytesFromPeers = 0
  /** Blocks that left peers who had the whole file, and peers who had not. */
  seedBytes = 0
  leecherBytes = 0
  controlBytes = 0
  readonly faults: FaultTally = new FaultTally()
  readonly violations: string[] = []
  private readonly kinds = new Map<string, Kind>()
  private hash = 0x811c9dc5
  private readonly time: Float64Array = new Float64Array(1)
  private readonly timeWords: Int32Array = new Int32Array(this.time.buffer)
  private readonly watch: StandstillWatch | null

  constructor(watch: StandstillWatch | null = null) {
    this.watch = watch
  }

  note(nowMs: number, host: number, input: Noted): void {
    this.inputs++
    const kind = this.kindOf(input.message?.type ?? input.type, input.type)
    kind.count++
    this.watch?.note(nowMs, kind.name, host)
    this.time[0] = nowMs
    this.mix(this.timeWords[0] ?? 0)
    this.mix(this.timeWords[1] ?? 0)
    this.mix(host)
    this.mix(kind.code)
    if (input.chunk !== undefined) this.mix(input.chunk)
    else if (input.message?.type === 'block') this.mix(input.message.chunk ?? 0)
  }

  /** A block has left a peer. */
  sent(bytes: number, isSeed: boolean): void {
    if (isSeed) this.seedBytes += bytes
    else this.leecherBytes += bytes
  }

  violate(sentence: string): void {
    if (this.violations.length < MAX_VIOLATIONS) this.violations.push(sentence)
  }

  get inputsByKind(): Record<string, number> {
    const named = [...this.kinds.values()].map(({ name, count }) => [name, count] as const)
    return Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  get trace(): string {
    return (this.hash >>> 0).toString(16).padStart(8, '0')
  }

  private kindOf(key: string, type: string): Kind {
    const known = this.kinds.get(key)
    if (known !== undefined) return known
    const kind = { name: type === 'message' ? `message:${key}` : key, code: this.kinds.size, count: 0 }
    this.kinds.set(key, kind)
    return kind
  }

  /** FNV-1a over words, with a rotation, as a multiplication carries upwards only. */
  private mix(word: number): void {
    const mixed = Math.imul(this.hash ^ word, 0x01000193)
    this.hash = (mixed << 13) | (mixed >>> 19)
  }
}

interface Kind {
  readonly name: string
  readonly code: number
  count: number
}
