/**
 * A set of chunks, one bit each: chunk 0 in the highest bit of byte 0, as BitTorrent has it. Spare bits are zero.
 */
export class Bitfield {
  readonly size: number
  private readonly bits: Uint8Array
  private cardinality = 0

  constructor(size: number) {
    this.size = size
    this.bits = new Uint8Array(Math.ceil(size / 8))
  }

  /** From bytes off the wire (copied); null where the length is wrong or a spare bit is set. */
  static parse(bytes: Uint8Array, size: number): Bitfield | null {
    const field = new Bitfield(size)
    if (bytes.length !== field.bits.length) return null
    const spareBits = bytes.length * 8 - size
    const last = bytes.at(-1)
    if (last !== undefined && (last & ((1 << spareBits) - 1)) !== 0) return null
    field.bits.set(bytes)
    for (const byte of bytes) field.cardinality += ONES[byte] ?? 0
    return field
  }

  /** Number of chunks in the set. */
  get count(): number {
    return this.cardinality
  }

  get isFull(): boolean {
    return this.cardinality === this.size
  }

  has(chunk: number): boolean {
    return (((this.bits[chunk >> 3] ?? 0) >> (7 - (chunk & 7))) & 1) === 1
  }

  /** Adds the chunk; false if it was there. */
  add(chunk: number): boolean {
    if (this.has(chunk)) return false
    this.bits[chunk >> 3] = (this.bits[chunk >> 3] ?? 0) | (1 << (7 - (chunk & 7)))
    this.cardinality++
    return true
  }

  /** Removes the chunk; false if it was not there. */
  remove(chunk: number): boolean {
    if (!this.has(chunk)) return false
    this.bits[chunk >> 3] = (this.bits[chunk >> 3] ?? 0) & ~(1 << (7 - (chunk & 7)))
    this.cardinality--
    return true
  }

  /** Adds what is in the other, of the same size. */
  addAll(other: Bitfield): void {
    for (const [index, theirs] of other.bits.entries()) {
      const ours = this.bits[index] ?? 0
      this.cardinality += (ONES[ours | theirs] ?? 0) - (ONES[ours] ?? 0)
      this.bits[index] = ours | theirs
    }
  }

  /** How many are in the set and not in the other, of the same size. */
  countBeyond(other: Bitfield): number {
    let count = 0
    for (const [index, ours] of this.bits.entries()) count += ONES[ours & ~(other.bits[index] ?? 0)] ?? 0
    return count
  }

  /** The chunks in the set, ascending. Skips empty bytes. */
  *chunks(): Generator<number> {
    for (let index = 0; index < this.bits.length; index++) {
      if (this.bits[index] === 0) continue
      for (let chunk = index * 8; chunk < index * 8 + 8; chunk++) if (this.has(chunk)) yield chunk
    }
  }

  /** A copy of the bytes, for the wire. */
  toBytes(): Uint8Array {
    return this.bits.slice()
  }
}

const ONES: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0
  for (let rest = byte; rest > 0; rest >>= 1) ones += rest & 1
  return ones
})
