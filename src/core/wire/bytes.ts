/**
 * Reads and writes the fields of a binary frame: unsigned, big-endian, fixed width. The reader never throws: running
 * off the end sets a flag that `isExhausted` answers for, so that a decoder reads on and asks once, at the end.
 */

import { invariant } from '../invariant.ts'

const U32_RANGE = 2 ** 32

/** Fills a frame of known length, in `room` if given. Writing more or less than that is a defect of the encoder. */
export class FrameWriter {
  readonly frame: Uint8Array<ArrayBuffer>
  private readonly view: DataView
  private offset = 0

  constructor(lengthBytes: number, room: Uint8Array<ArrayBuffer> = new Uint8Array(lengthBytes)) {
    this.frame = room.subarray(0, lengthBytes)
    this.view = new DataView(this.frame.buffer, this.frame.byteOffset, this.frame.byteLength)
  }

  u8(value: number): void {
    this.view.setUint8(this.advance(1), value)
  }

  u16(value: number): void {
    this.view.setUint16(this.advance(2), value)
  }

  u32(value: number): void {
    this.view.setUint32(this.advance(4), value)
  }

  /** Eight bytes; `value` is at most 2⁵³ − 1. */
  u64(value: number): void {
    this.u32(Math.floor(value / U32_RANGE))
    this.u32(value % U32_RANGE)
  }

  bytes(bytes: Uint8Array): void {
    this.frame.set(bytes, this.advance(bytes.length))
  }

  /** Two hex digits a byte. */
  hex(digits: string): void {
    for (let at = 0; at < digits.length; at += 2) this.u8(Number.parseInt(digits.slice(at, at + 2), 16))
  }

  /** One byte a character. */
  ascii(text: string): void {
    for (let at = 0; at < text.length; at++) this.u8(text.charCodeAt(at))
  }

  /** The frame, which is full now. */
  finish(): Uint8Array<ArrayBuffer> {
    invariant(this.offset === this.frame.length, 'A frame is as long as was announced.')
    return this.frame
  }

  private advance(lengthBytes: number): number {
    const at = this.offset
    this.offset += lengthBytes
    return at
  }
}

/** Takes a frame apart. After an overrun nothing remains, every read gives zeros, and `isExhausted` stays false. */
export class FrameReader {
  private readonly frame: Uint8Array<ArrayBuffer>
  private readonly view: DataView
  private offset = 0
  private hasOverrun = false

  constructor(frame: Uint8Array<ArrayBuffer>) {
    this.frame = frame
    this.view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  }

  get remainingBytes(): number {
    return this.frame.length - this.offset
  }

  /** Whether the frame was read to its last byte and not beyond. */
  get isExhausted(): boolean {
    return !this.hasOverrun && this.remainingBytes === 0
  }

  u8(): number {
    return this.take(1) ? this.view.getUint8(this.offset - 1) : 0
  }

  u16(): number {
    return this.take(2) ? this.view.getUint16(this.offset - 2) : 0
  }

  u32(): number {
    return this.take(4) ? this.view.getUint32(this.offset - 4) : 0
  }

  /** Eight bytes as a double: exact up to 2⁵³ − 1, and never rounded to less than that above it. */
  u64(): number {
    return this.u32() * U32_RANGE + this.u32()
  }

  /** A view of the next bytes; nothing is copied. */
  bytes(lengthBytes: number): Uint8Array<ArrayBuffer> {
    return this.take(lengthBytes) ? this.frame.subarray(this.offset - lengthBytes, this.offset) : EMPTY
  }

  /** The next bytes as lower-case hex digits. */
  hex(lengthBytes: number): string {
    let digits = ''
    for (const byte of this.bytes(lengthBytes)) digits += byte.toString(16).padStart(2, '0')
    return digits
  }

  /** The next bytes as text, or null where one is not printable ASCII (0x20 to 0x7e). */
  printableAscii(lengthBytes: number): string | null {
    const bytes = this.bytes(lengthBytes)
    return bytes.every(isPrintable) ? String.fromCharCode(...bytes) : null
  }

  private take(lengthBytes: number): boolean {
    if (lengthBytes > this.remainingBytes) {
      this.hasOverrun = true
      this.offset = this.frame.length
      return false
    }
    this.offset += lengthBytes
    return true
  }
}

/** Whether text is printable ASCII (0x20 to 0x7e) throughout. */
export function isPrintableAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (!isPrintable(text.charCodeAt(at))) return false
  return true
}

const EMPTY = new Uint8Array(0)

function isPrintable(code: number): boolean {
  return code >= 0x20 && code <= 0x7e
}
