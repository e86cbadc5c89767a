/**
 * Frame of a hello: type, version (u16), features (u32), size (u64), chunk size (u32), length of the validator (u8, 0:
 * none), length of the root (u8, 0 or 32), validator, root. Type and version keep their places in every version.
 */

import { invariant } from '../invariant.ts'
import { type FrameReader, FrameWriter, isPrintableAscii } from './bytes.ts'
import {
  DIGEST_BYTES,
  MAX_CHUNK_BYTES,
  MAX_CHUNKS,
  MAX_FILE_BYTES,
  MAX_VALIDATOR_LENGTH,
  MIN_CHUNK_BYTES,
} from './limits.ts'
import { FRAME_TYPE, isUint } from './peer-frame.ts'
import type { Hello } from './peer-messages.ts'

/** Type, version, features, size, chunk size, length of the validator, length of the root. */
const HELLO_FIXED_BYTES = 1 + 2 + 4 + 8 + 4 + 1 + 1

const ROOT_PATTERN = /^[0-9a-f]{64}$/

/** Throws `InvariantError` for a hello that no receiver would take. */
export function encodeHello(hello: Hello): Uint8Array<ArrayBuffer> {
  const { validator, root } = hello
  invariant(isUint(hello.version, 16) && isUint(hello.features, 32), 'Version and features fit their fields.')
  invariant(isFileShape(hello.sizeBytes, hello.chunkBytes), 'A hello names a file within the limits.')
  invariant(validator === null || isValidator(validator), 'A validator is short and printable.')
  invariant(root === null || ROOT_PATTERN.test(root), 'A root is 64 hex digits.')
  const writer = new FrameWriter(helloByteLength(hello))
  writer.u8(FRAME_TYPE.hello)
  writer.u16(hello.version)
  writer.u32(hello.features)
  writer.u64(hello.sizeBytes)
  writer.u32(hello.chunkBytes)
  writer.u8(validator?.length ?? 0)
  writer.u8(root === null ? 0 : DIGEST_BYTES)
  writer.ascii(validator ?? '')
  writer.hex(root ?? '')
  return writer.finish()
}

/** Length in bytes of the frame for this hello. */
export function helloByteLength({ validator, root }: Hello): number {
  return HELLO_FIXED_BYTES + (validator?.length ?? 0) + (root === null ? 0 : DIGEST_BYTES)
}

/** The hello after the type byte; null where it is malformed. */
export function decodeHello(reader: FrameReader): Hello | null {
  const version = reader.u16()
  const features = reader.u32()
  const sizeBytes = reader.u64()
  const chunkBytes = reader.u32()
  const validatorLength = reader.u8()
  const rootLength = reader.u8()
  if (!isFileShape(sizeBytes, chunkBytes) || validatorLength > MAX_VALIDATOR_LENGTH) return null
  if (rootLength !== 0 && rootLength !== DIGEST_BYTES) return null
  const text = reader.printableAscii(validatorLength)
  const digits = reader.hex(rootLength)
  if (text === null || !reader.isExhausted) return null
  const validator = validatorLength === 0 ? null : text
  const root = rootLength === 0 ? null : digits
  return { type: 'hello', version, features, sizeBytes, chunkBytes, validator, root }
}

function isFileShape(sizeBytes: number, chunkBytes: number): boolean {
  if (!Number.isInteger(sizeBytes) || sizeBytes < 0 || sizeBytes > MAX_FILE_BYTES) return false
  if (!Number.isInteger(chunkBytes) || chunkBytes < MIN_CHUNK_BYTES || chunkBytes > MAX_CHUNK_BYTES)
    return false
  return Math.ceil(sizeBytes / chunkBytes) <= MAX_CHUNKS
}

function isValidator(text: string): boolean {
  return text.length > 0 && text.length <= MAX_VALIDATOR_LENGTH && isPrintableAscii(text)
}
