/**
 * Sees to it that virtual time goes on. Where hosts react to each other, or to themselves, without any delay, a run
 * would never end and never say why.
 */

/** Most events and inputs at one instant, or so many for each peer if that is more: all may come at once. */
export const MAX_AT_ONE_INSTANT = 1_000_000
const MAX_EACH = 100

/** As many of the last ones are told. */
const SAMPLE_SIZE = 12

/** Virtual time does not go on; the message says where it stands, and what happened there last. */
export class Standstill extends Error {
  override readonly name = 'Standstill'
}

export class StandstillWatch {
  private readonly most: number
  private instantMs = -1
  private count = 0
  private readonly sample: string[] = []

  constructor(peers: number) {
    this.most = Math.max(MAX_AT_ONE_INSTANT, MAX_EACH * peers)
  }

  /** Something happened, to this host if to any (-1). Throws `Standstill`. */
  note(nowMs: number, what: string, host: number): void {
    if (nowMs !== this.instantMs) {
      this.instantMs = nowMs
      this.count = 0
      this.sample.length = 0
    }
    if (++this.count + SAMPLE_SIZE > this.most) this.keep(host < 0 ? what : `${what} of peer ${host}`)
  }

  private keep(what: string): void {
    if (this.sample.push(what) < SAMPLE_SIZE) return
    const last = this.sample.join(', ')
    throw new Standstill(
      `Virtual time stands still at ${this.instantMs} ms; the last ${SAMPLE_SIZE}: ${last}.`,
    )
  }
}
