import { describe, expect, it } from 'vitest'

import { bodyOf, exactBody } from '../../../src/browser/fetch-body.ts'
import { LinkedAbort } from '../../../src/browser/linked-abort.ts'
import type { Bytes, OriginBody } from '../../../src/ports.ts'
import { isSettled, settle } from './chunks.ts'

const PROMISED_BYTES = 10

interface Setting {
  readonly body: OriginBody
  readonly connection: LinkedAbort
  readonly send: (bytes: Bytes) => void
  readonly break: () => void
  readonly end: () => void
}

/** As far as both kinds have it. */
type Controller = ReadableStreamDefaultController<Bytes> & Partial<ReadableByteStreamController>

/** A body of ten bytes; streams of bytes let a reader say where, others do not. */
function settingOn(type: 'bytes' | undefined): Setting {
  let controller: Controller | null = null
  const start = (given: unknown): void => {
    controller = given as Controller
  }
  const source = type === undefined ? { start } : { type, start }
  const stream = new ReadableStream(source as UnderlyingDefaultSource<Bytes>)
  const connection = new LinkedAbort(new AbortController().signal)
  return {
    body: exactBody(stream, PROMISED_BYTES, connection),
    connection,
    send: (bytes) => controller?.enqueue(bytes),
    break: () => controller?.error(new Error('It broke.')),
    end: () => {
      controller?.close()
      // A reader that waits with a buffer is to get it back (Streams standard, 3.11.3).
      controller?.byobRequest?.respond(0)
    },
  }
}

function bytesFrom(first: number, count: number): Bytes {
  return Uint8Array.from({ length: count }, (_, place) => first + place)
}

describe.each(['bytes', undefined] as const)('a body on a stream of type %s', (type) => {
  it('fills the room it is given, and goes on where that ended', async () => {
    const { body, send, end } = settingOn(type)
    send(bytesFrom(0, PROMISED_BYTES))
    const first = await body.read(new Uint8Array(new ArrayBuffer(8), 2, 4))
    expect(first).toEqual(bytesFrom(0, 4))
    expect(first?.byteOffset).toBe(2)
    expect(first?.buffer.byteLength).toBe(8)
    expect(await body.read(new Uint8Array(100))).toEqual(bytesFrom(4, 6))
    end()
  })

  it('gives out the last bytes before it is known how it ends', async () => {
    const setting = settingOn(type)
    setting.send(bytesFrom(0, PROMISED_BYTES))
    expect(await setting.body.read(new Uint8Array(PROMISED_BYTES))).toHaveLength(PROMISED_BYTES)
    const next = setting.body.read(new Uint8Array(1))
    expect(await isSettled(next.catch(() => null))).toBe(false)
    setting.break()
    await expect(next).rejects.toMatchObject({ failure: 'unreachable' })
  })

  it.each([
    ['too many', PROMISED_BYTES + 1],
    ['too few', PROMISED_BYTES - 1],
  ])('fails with %s bytes, and closes the connection', async (_what, count) => {
    const { body, connection, send, end } = settingOn(type)
    send(bytesFrom(0, count))
    const reading = (async () => {
      while ((await body.read(new Uint8Array(4))) !== null);
    })()
    const outcome = expect(reading).rejects.toMatchObject({ failure: 'inconsistent' })
    await settle()
    if (count < PROMISED_BYTES) end()
    await outcome
    expect(connection.signal.aborted).toBe(true)
  })

  it('that ends as it should is at its end', async () => {
    const { body, connection, send, end } = settingOn(type)
    send(bytesFrom(0, PROMISED_BYTES))
    await body.read(new Uint8Array(PROMISED_BYTES))
    const ending = body.read(new Uint8Array(4))
    await settle()
    end()
    expect(await isSettled(ending)).toBe(true)
    expect(connection.signal.aborted).toBe(false)
  })
})

it('a stream of pieces passes over empty ones', async () => {
  const pieces = [new Uint8Array(0), bytesFrom(0, 3), new Uint8Array(0)]
  const stream = new ReadableStream<Bytes>({
    pull: (controller) => {
      const piece = pieces.shift()
      if (piece === undefined) controller.close()
      else controller.enqueue(piece)
    },
  })
  const body = bodyOf(stream)
  expect(await body.read(new Uint8Array(8))).toEqual(bytesFrom(0, 3))
  expect(await body.read(new Uint8Array(8))).toBeNull()
})
