/** What tests of the adapters speak of: a file's bytes, its geometry, promises that a test settles. */

import { setImmediate } from 'node:timers/promises'

import { Geometry } from '../../../src/core/geometry.ts'
import type { Bytes } from '../../../src/ports.ts'

/** The nth chunk's bytes: different for each chunk, and for each version of the file. */
export function chunkOf(geometry: Geometry, chunk: number, version = 0): Bytes {
  const bytes = new Uint8Array(geometry.lengthBytes(chunk))
  for (let place = 0; place < bytes.length; place++) bytes[place] = chunk * 37 + version * 101 + (place >> 4)
  return bytes
}

/** As where none is to be used again. */
export function newBuffer(lengthBytes: number): Bytes {
  return new Uint8Array(lengthBytes)
}

/** All bytes of the file. */
export function fileBytes(geometry: Geometry, version = 0): Bytes {
  const bytes = new Uint8Array(geometry.sizeBytes)
  for (let chunk = 0; chunk < geometry.chunkCount; chunk++)
    bytes.set(chunkOf(geometry, chunk, version), geometry.firstByte(chunk))
  return bytes
}

/** So many chunks, the last one shorter by a byte. */
export function geometryOf(chunks: number, chunkBytes = 1000): Geometry {
  return new Geometry({ sizeBytes: chunks * chunkBytes - 1, chunkBytes })
}

export async function bytesOf(blob: Blob | null): Promise<Bytes | null> {
  return blob === null ? null : new Uint8Array(await blob.arrayBuffer())
}

/** Runs everything that can run without something from outside. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await setImmediate()
}

/** Whether the promise has settled by now. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const note = (): void => {
    settled = true
  }
  promise.then(note, note)
  await settle()
  return settled
}

/** A promise that the test resolves. */
export interface Gate {
  readonly passed: Promise<void>
  open(): void
}

export function newGate(): Gate {
  const doors: (() => void)[] = []
  const passed = new Promise<void>((resolve) => doors.push(resolve))
  return { passed, open: () => doors.forEach((open) => open()) }
}
