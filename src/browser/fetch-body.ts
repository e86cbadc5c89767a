/**
 * The body of a response, held to its promise: it ends after exactly the bytes that were announced, or with an
 * `OriginError`. Nothing is copied and nothing is read ahead.
 */

import { OriginError } from '../ports.ts'
import type { Bytes } from '../ports.ts'
import type { LinkedAbort } from './linked-abort.ts'

/**
 * Passes `body` on. `promisedBytes` null: its length is unknown, and whatever comes is right. Ends the connection
 * when it is cancelled or breaks its promise; fails with the caller's reason when the caller's signal was aborted.
 */
export function exactBody(
  body: ReadableStream<Bytes>,
  promisedBytes: number | null,
  connection: LinkedAbort,
): ReadableStream<Bytes> {
  const reader = body.getReader()
  let receivedBytes = 0

  async function pull(controller: ReadableStreamDefaultController<Bytes>): Promise<void> {
    const { done, value } = await readOrExplain(reader, connection)
    if (done) {
      connection.release()
      if (promisedBytes !== null && receivedBytes < promisedBytes) throw wrongLength(promisedBytes)
      return controller.close()
    }
    receivedBytes += value.byteLength
    if (promisedBytes !== null && receivedBytes > promisedBytes) {
      connection.abort()
      throw wrongLength(promisedBytes)
    }
    controller.enqueue(value)
  }

  async function cancel(reason: unknown): Promise<void> {
    connection.abort()
    // It may reject with the abort just above, which is what was wanted.
    await reader.cancel(reason).catch(() => undefined)
  }

  return new ReadableStream<Bytes>({ pull, cancel }, { highWaterMark: 0 })
}

async function readOrExplain(
  reader: ReadableStreamDefaultReader<Bytes>,
  connection: LinkedAbort,
): Promise<ReadableStreamReadResult<Bytes>> {
  try {
    return await reader.read()
  } catch (cause) {
    connection.release()
    connection.outer.throwIfAborted()
    throw new OriginError('unreachable', 'The connection to the origin broke.', { cause })
  }
}

function wrongLength(promisedBytes: number): OriginError {
  return new OriginError(
    'inconsistent',
    `The origin announced ${promisedBytes} bytes and sent another number.`,
  )
}
