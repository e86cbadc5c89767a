/**
 * What every `Origin` does, against real servers. Run in Node, where all headers can be read, and in a browser
 * cross-origin, where most are hidden and CORS decides.
 */

import { beforeAll, describe, expect, test, vi } from 'vitest'

import { OriginError } from '../../src/ports.ts'
import type { Bytes, Origin, OriginFailure } from '../../src/ports.ts'
import { makeSampleFile } from '../../testbed/sample-file.ts'
import type { SampleOriginStats } from '../../testbed/sample-origin-stats.ts'
import { expectBytes } from './expect-bytes.ts'
import { ORIGIN_FILE } from './origin-file.ts'
import { join, readAll, readOn } from './read-body.ts'

export interface OriginSuiteOptions {
  createOrigin(url: string): Origin
  /** URLs by the name of the configuration. Asked once the suite runs. */
  servers(): Record<string, string>
  /** Whether the page is cross-origin to the servers. */
  readonly isCrossOrigin: boolean
}

const { sizeBytes } = ORIGIN_FILE
const WHOLE = { firstByte: 0, lastByte: null }
const MIDDLE = { firstByte: 1_000, lastByte: 200_999 }
const NEVER: AbortSignal = new AbortController().signal

export function originContract(name: string, options: OriginSuiteOptions): void {
  describe(name, () => {
    let file: Bytes
    beforeAll(() => {
      file = makeSampleFile(ORIGIN_FILE.sizeBytes, ORIGIN_FILE.seed)
    })

    function origin(server: string): Origin {
      return options.createOrigin(urlOf(server))
    }

    function urlOf(server: string): string {
      const url = options.servers()[server]
      if (url === undefined) throw new Error(`There is no server named ${server}.`)
      return url
    }

    async function stats(server: string): Promise<SampleOriginStats> {
      const response = await fetch(new URL('/__stats', urlOf(server)), { cache: 'no-store' })
      return (await response.json()) as SampleOriginStats
    }

    describe('asked for the whole file by an open range', () => {
      test('says its size and delivers it byte for byte', async () => {
        const response = await origin('normal').open(WHOLE, NEVER)
        expect(response).toMatchObject({ kind: 'range', sizeBytes, lengthBytes: sizeBytes })
        expectBytes(await readAll(response), file)
      })

      test('costs no preflight', async () => {
        const before = await stats('normal')
        await readAll(await origin('normal').open(WHOLE, NEVER))
        await readAll(await origin('normal').open(MIDDLE, NEVER))
        const after = await stats('normal')
        expect(after.requests).toBe(before.requests + 2)
        expect(after.preflights).toBe(before.preflights)
      })

      test('does not know the size where the origin does not tell', async () => {
        const response = await origin('chunked').open(WHOLE, NEVER)
        if (options.isCrossOrigin) expect(response).toMatchObject({ sizeBytes: null, lengthBytes: null })
        expectBytes(await readAll(response), file)
      })

      test('takes the file from an origin that ignores ranges', async () => {
        const response = await origin('rangesIgnored').open(WHOLE, NEVER)
        expect(response).toMatchObject({ kind: 'whole', sizeBytes, lengthBytes: sizeBytes })
        expectBytes(await readAll(response), file)
      })

      test.each(['gzip', 'gzipWhole', 'gzipWholeHidden'])(
        'takes the file decoded and of unknown size from an origin that always encodes it (%s)',
        async (server) => {
          const response = await origin(server).open(WHOLE, NEVER)
          expect(response).toMatchObject({ kind: 'whole', sizeBytes: null, lengthBytes: null })
          expectBytes(await readAll(response), file)
        },
      )

      test.each(['empty', 'emptyRangesIgnored'])('finds an empty file empty (%s)', async (server) => {
        const response = await origin(server).open(WHOLE, NEVER)
        expect(response.sizeBytes).toBe(0)
        expect((await readAll(response)).byteLength).toBe(0)
      })
    })

    describe('asked for a part', () => {
      test('delivers just that', async () => {
        const response = await origin('normal').open(MIDDLE, NEVER)
        expect(response).toMatchObject({ kind: 'range', lengthBytes: 200_000 })
        expectBytes(await readAll(response), file.subarray(1_000, 201_000))
      })

      test('delivers the rest of the file, and knows the size from it', async () => {
        const response = await origin('normal').open({ firstByte: 299_000, lastByte: null }, NEVER)
        expect(response).toMatchObject({ kind: 'range', sizeBytes, lengthBytes: 1_000 })
        expectBytes(await readAll(response), file.subarray(299_000))
      })

      test('fills a buffer from where it is told to, and leaves what is before', async () => {
        const { body } = await origin('normal').open(MIDDLE, NEVER)
        let buffer = new Uint8Array(5_000)
        buffer.fill(7, 0, 100)
        let filledBytes = 100
        while (filledBytes < buffer.byteLength) {
          const part = await body.read(buffer.subarray(filledBytes))
          if (part === null) break
          expect(part.byteOffset).toBe(filledBytes)
          buffer = new Uint8Array(part.buffer)
          filledBytes += part.byteLength
        }
        await body.cancel()
        expectBytes(buffer, join([new Uint8Array(100).fill(7), file.subarray(1_000, 5_900)]))
      })

      test('delivers a single byte', async () => {
        const response = await origin('normal').open({ firstByte: 5, lastByte: 5 }, NEVER)
        expectBytes(await readAll(response), file.subarray(5, 6))
      })

      test('delivers a part whose length the origin does not tell', async () => {
        expectBytes(await readAll(await origin('chunked').open(MIDDLE, NEVER)), file.subarray(1_000, 201_000))
      })

      test('knows the size of the file where Content-Range can be read', async () => {
        expect((await origin('exposed').open(MIDDLE, NEVER)).sizeBytes).toBe(sizeBytes)
      })

      test('takes the whole file for its beginning from an origin that ignores ranges', async () => {
        const response = await origin('rangesIgnored').open({ firstByte: 0, lastByte: 99 }, NEVER)
        expect(response).toMatchObject({ kind: 'whole', sizeBytes })
        expectBytes(await readAll(response), file)
      })

      test('takes the whole file for any part, too, and stops it where it is not wanted', async () => {
        const response = await origin('rangesIgnoredSlowly').open(MIDDLE, NEVER)
        expect(response).toMatchObject({ kind: 'whole', sizeBytes })
        await response.body.cancel()
        await vi.waitFor(async () => expect((await stats('rangesIgnoredSlowly')).openResponses).toBe(0))
      })

      test('says that a range beyond the end cannot be had', async () => {
        const beyond = { firstByte: sizeBytes, lastByte: sizeBytes + 99 }
        await expectFailure(origin('normal').open(beyond, NEVER), 'range-unsatisfiable')
      })
    })

    describe('validator', () => {
      test('is the strong ETag where it can be read', async () => {
        expect((await origin('exposed').open(MIDDLE, NEVER)).validator).toMatch(/^"[\w-]{22}"$/)
      })

      test.each(['noEtag', 'weakEtag'])('is Last-Modified without a strong ETag (%s)', async (server) => {
        expect((await origin(server).open(MIDDLE, NEVER)).validator).toMatch(/GMT$/)
      })
    })

    describe('given an answer that contradicts itself', () => {
      test.each(['otherRange', 'malformedRange', 'multipart', 'longer'])(
        'refuses it at the headers (%s)',
        async (server) => {
          await expectFailure(origin(server).open(MIDDLE, NEVER), 'inconsistent')
        },
      )

      test('refuses less than the rest of the file', async () => {
        await expectFailure(origin('cutRange').open(WHOLE, NEVER), 'inconsistent')
      })

      test.each(['chunkedShort', 'chunkedLong'])('fails in the body (%s)', async (server) => {
        const response = await origin(server).open(MIDDLE, NEVER)
        await expectFailure(readAll(response), 'inconsistent')
      })

      test.each(['gzip', 'gzipHidden'])('takes no part that is encoded (%s)', async (server) => {
        const delivered = origin(server)
          .open(MIDDLE, NEVER)
          .then((response) => readAll(response))
        // Chromium fails the request by itself, and says no more than that.
        await expectFailure(delivered, options.isCrossOrigin ? 'unreachable' : 'inconsistent')
      })

      test('fails with what broke the connection, after the bytes before', async () => {
        const response = await origin('breaks').open(WHOLE, NEVER)
        const received: Uint8Array[] = []
        await expectFailure(readAll(response, received), 'unreachable')
        const { byteLength } = join(received)
        expect(byteLength).toBeLessThanOrEqual(100_000)
        expectBytes(join(received), file.subarray(0, byteLength))
      })
    })

    describe('refused', () => {
      test.each<[number, OriginFailure]>([
        [401, 'forbidden'],
        [403, 'forbidden'],
        [404, 'not-found'],
        [410, 'not-found'],
        [416, 'range-unsatisfiable'],
        [418, 'status'],
        [429, 'busy'],
        [451, 'forbidden'],
        [500, 'status'],
        [503, 'busy'],
      ])('with status %d it says %s', async (status, failure) => {
        const error = await expectFailure(origin(`status${status}`).open(MIDDLE, NEVER), failure)
        expect(error.status).toBe(status)
      })

      test('does not ask forever when every range is unsatisfiable', async () => {
        await expectFailure(origin('status416').open(WHOLE, NEVER), 'range-unsatisfiable')
      })

      test.each([
        ['busy', 30_000],
        ['busySince', 0],
        ['busyUntil', 24 * 60 * 60 * 1000],
        ['busyOddly', null],
      ])('reads how long to wait, a day at most (%s)', async (server, retryAfterMs) => {
        const error = await expectFailure(origin(server).open(WHOLE, NEVER), 'busy')
        expect(error.retryAfterMs).toBe(retryAfterMs)
      })

      test('by nobody at all it says that the origin is unreachable', async () => {
        const error = await expectFailure(origin('unreachable').open(WHOLE, NEVER), 'unreachable')
        expect(error.status).toBeNull()
        expect(error.cause).toBeInstanceOf(TypeError)
      })
    })

    describe('aborted', () => {
      const reason = new Error('no longer wanted')

      test('beforehand, it rejects with the reason and asks nobody', async () => {
        await expect(origin('unreachable').open(WHOLE, AbortSignal.abort(reason))).rejects.toBe(reason)
      })

      test('before the headers, it rejects with the reason', async () => {
        const abort = new AbortController()
        const opening = origin('silent').open(WHOLE, abort.signal)
        const outcome = expect(opening).rejects.toBe(reason)
        await vi.waitFor(async () => expect((await stats('silent')).requests).toBeGreaterThan(0))
        abort.abort(reason)
        await outcome
      })

      test('in the body, it fails with the reason and closes the connection', async () => {
        const abort = new AbortController()
        const { body } = await origin('slow').open(WHOLE, abort.signal)
        await body.read(new Uint8Array(10))
        const outcome = expect(readOn(body)).rejects.toBe(reason)
        abort.abort(reason)
        await outcome
        await vi.waitFor(async () => expect((await stats('slow')).openResponses).toBe(0))
      })

      test('by cancelling the body, it closes the connection', async () => {
        const { body } = await origin('slow').open(WHOLE, NEVER)
        await body.cancel()
        await vi.waitFor(async () => expect((await stats('slow')).openResponses).toBe(0))
      })

      test('after its end, it changes nothing', async () => {
        const abort = new AbortController()
        const response = await origin('normal').open(MIDDLE, abort.signal)
        const bytes = await readAll(response)
        abort.abort(reason)
        expect(bytes.byteLength).toBe(200_000)
      })
    })

    if (options.isCrossOrigin) crossOriginContract(origin)
  })
}

function crossOriginContract(origin: (server: string) => Origin): void {
  describe('cross-origin', () => {
    test('tells a missing permission from an unreachable origin', async () => {
      await expectFailure(origin('noCors').open(WHOLE, NEVER), 'cors')
    })

    test('does not blame permissions once the origin has answered', async () => {
      const asked = origin('corsAtStartOnly')
      await readAll(await asked.open(WHOLE, NEVER))
      await expectFailure(asked.open(MIDDLE, NEVER), 'unreachable')
      await expectFailure(origin('corsAtStartOnly').open(MIDDLE, NEVER), 'cors')
    })

    test('cannot read the size from a part, nor an ETag, where the origin hides them', async () => {
      const response = await origin('normal').open(MIDDLE, NEVER)
      expect(response.sizeBytes).toBeNull()
      expect(response.validator).toMatch(/GMT$/)
    })
  })
}

async function expectFailure(outcome: Promise<unknown>, failure: OriginFailure): Promise<OriginError> {
  const error: unknown = await outcome.then(
    () => new Error('It succeeded.'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(OriginError)
  expect(error).toMatchObject({ failure })
  return error as OriginError
}
