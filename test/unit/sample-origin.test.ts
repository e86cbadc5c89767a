import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'

import { afterEach, describe, expect, test, vi } from 'vitest'

import { makeSampleFile } from '../../testbed/sample-file.ts'
import { startSampleOrigin } from '../../testbed/sample-origin.ts'
import type { SampleOrigin, SampleOriginOptions } from '../../testbed/sample-origin.ts'

const FILE = makeSampleFile(50_000, 4)
const LARGE_FILE = makeSampleFile(30_000_000, 4)

const started: SampleOrigin[] = []

async function start(options: Partial<SampleOriginOptions> = {}): Promise<SampleOrigin> {
  const origin = await startSampleOrigin({ files: { 'a.bin': FILE, 'b c.bin': FILE }, ...options })
  started.push(origin)
  return origin
}

afterEach(async () => {
  for (const origin of started.splice(0)) await origin.close()
})

describe('the sample origin', () => {
  test('serves whole files by name', async () => {
    const origin = await start()
    const response = await fetch(origin.url('b c.bin'))
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Length')).toBe('50000')
    expect(response.headers.get('Accept-Ranges')).toBe('bytes')
    expect(response.headers.get('ETag')).toMatch(/^"[\w-]+"$/)
    expect(response.headers.get('Cache-Control')).toBe('public, max-age=60')
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(FILE)
    expect((await fetch(origin.url('d.bin'))).status).toBe(404)
  })

  test.each<[string, number, string | null, number, number]>([
    ['bytes=0-', 206, 'bytes 0-49999/50000', 0, 50_000],
    ['bytes=100-199', 206, 'bytes 100-199/50000', 100, 200],
    ['bytes=49999-', 206, 'bytes 49999-49999/50000', 49_999, 50_000],
    ['bytes=49000-99999', 206, 'bytes 49000-49999/50000', 49_000, 50_000],
    ['bytes=50000-', 416, 'bytes */50000', 0, 0],
    ['bytes=5-3', 200, null, 0, 50_000],
    ['bytes=-5', 200, null, 0, 50_000],
    ['bytes=0-1,5-6', 200, null, 0, 50_000],
    ['lines=0-1', 200, null, 0, 50_000],
  ])('answers Range: %s with %d', async (range, status, contentRange, start_, end) => {
    const origin = await start()
    const response = await fetch(origin.url('a.bin'), { headers: { Range: range } })
    expect(response.status).toBe(status)
    expect(response.headers.get('Content-Range')).toBe(contentRange)
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(FILE.slice(start_, end))
  })

  test('answers HEAD with the headers alone', async () => {
    const origin = await start()
    const response = await fetch(origin.url('a.bin'), { method: 'HEAD' })
    expect(response.headers.get('Content-Length')).toBe('50000')
    expect((await response.arrayBuffer()).byteLength).toBe(0)
    expect(origin.stats().bytesSent).toBe(0)
  })

  test('answers no other method', async () => {
    const origin = await start()
    expect((await fetch(origin.url('a.bin'), { method: 'POST' })).status).toBe(405)
  })

  test('permits and exposes to other origins just what it is told to', async () => {
    const [open, exposing, closed] = [
      await start(),
      await start({ exposeHeaders: true }),
      await start({ cors: false }),
    ]
    const preflight = { method: 'OPTIONS', headers: { 'Access-Control-Request-Headers': 'x-reason' } }
    const answer = await fetch(open.url('a.bin'), preflight)
    expect(answer.status).toBe(204)
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(answer.headers.get('Access-Control-Allow-Headers')).toBe('x-reason')
    expect(answer.headers.get('Access-Control-Expose-Headers')).toBeNull()
    expect(open.stats()).toMatchObject({ requests: 0, preflights: 1 })
    const exposed = (await fetch(exposing.url('a.bin'))).headers.get('Access-Control-Expose-Headers')
    expect(exposed).toContain('Content-Range')
    const refused = await fetch(closed.url('a.bin'), preflight)
    expect(refused.headers.get('Access-Control-Allow-Origin')).toBeNull()
  })

  test('sends no ETag and ignores ranges if told so', async () => {
    const origin = await start({ etag: 'none', ranges: false })
    const response = await fetch(origin.url('a.bin'), { headers: { Range: 'bytes=5-9' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('ETag')).toBeNull()
    expect(response.headers.get('Accept-Ranges')).toBeNull()
  })

  test('counts requests, bytes and copies, in all and by file', async () => {
    const origin = await start()
    await download(origin.url('a.bin'))
    await download(origin.url('a.bin'), 'bytes=25000-')
    await download(origin.url('b c.bin'), 'bytes=0-9')
    const expected = {
      requests: 3,
      bytesSent: 75_010,
      files: { 'a.bin': { requests: 2, bytesSent: 75_000, copies: 1.5 }, 'b c.bin': { bytesSent: 10 } },
    }
    expect(origin.stats()).toMatchObject(expected)
    expect(await (await fetch(`${origin.baseUrl}/__stats`)).json()).toMatchObject(expected)
    await fetch(`${origin.baseUrl}/__reset`, { method: 'POST' })
    expect(origin.stats()).toMatchObject({ requests: 0, bytesSent: 0, openResponsesMax: 0 })
  })

  test('counts what is open, and stops sending to whom has gone', async () => {
    const origin = await start({ files: { 'a.bin': LARGE_FILE }, rateBitsPerSec: 8_000_000 })
    const [one, other] = [await open(origin.url('a.bin')), await open(origin.url('a.bin'))]
    await Promise.all([once(one, 'data'), once(other, 'data')])
    expect(origin.stats()).toMatchObject({ openConnections: 2, openResponses: 2, openResponsesMax: 2 })
    one.destroy()
    await vi.waitFor(() => expect(origin.stats()).toMatchObject({ openConnections: 1, openResponses: 1 }))
    const { openResponsesMax, openResponsesMean } = origin.stats()
    expect(openResponsesMax).toBe(2)
    expect(openResponsesMean).toBeGreaterThan(1)
    expect(openResponsesMean).toBeLessThan(2)
    other.destroy()
    await vi.waitFor(() => expect(origin.stats().openResponses).toBe(0))
    const { bytesSent } = origin.stats()
    expect(bytesSent).toBeLessThan(LARGE_FILE.byteLength)
    await download(origin.url('a.bin'), 'bytes=0-99')
    expect(origin.stats().bytesSent).toBe(bytesSent + 100)
  })

  test('does not let who reads nothing keep others from reading', async () => {
    const origin = await start({ files: { 'a.bin': LARGE_FILE } })
    const idle = await open(origin.url('a.bin'))
    idle.pause()
    const bytes = await download(origin.url('a.bin'))
    expect(bytes.equals(LARGE_FILE)).toBe(true)
    const { 'a.bin': file } = origin.stats().files
    expect(file?.bytesSent).toBeLessThan(2 * LARGE_FILE.byteLength)
    idle.destroy()
  })

  test('follows a change of its rate at once', async () => {
    const origin = await start({ rateBitsPerSec: 1_000 })
    const downloading = download(origin.url('a.bin'))
    await vi.waitFor(() => expect(origin.stats().openResponses).toBe(1))
    origin.setRate(null)
    expect((await downloading).equals(FILE)).toBe(true)
  })

  test('refuses an impossible rate', async () => {
    await expect(start({ rateBitsPerSec: 0 })).rejects.toThrow(RangeError)
  })

  test('runs in a process of its own, and ends when it is told to', async () => {
    const options = JSON.stringify({ name: 'x.bin', sizeBytes: 10_000, seed: 9 })
    const child = spawn(process.execPath, ['--import', 'tsx', 'testbed/sample-origin-process.ts', options], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit')
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    const announced = JSON.parse(line) as { url: string; sha256: string; sizeBytes: number }
    const bytes = await download(announced.url)
    expect(bytes.equals(makeSampleFile(10_000, 9))).toBe(true)
    expect(announced.sizeBytes).toBe(10_000)
    expect(announced.sha256).toBe(`sha256-${createHash('sha256').update(bytes).digest('base64')}`)
    child.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
  }, 20_000)
})

describe('makeSampleFile', () => {
  test('makes the same bytes again, and others for another seed', () => {
    expect(makeSampleFile(1_001, 5)).toEqual(makeSampleFile(1_001, 5))
    expect(makeSampleFile(1_001, 5)).not.toEqual(makeSampleFile(1_001, 6))
    expect(makeSampleFile(2_000, 5).slice(0, 1_001)).toEqual(makeSampleFile(1_001, 5))
    expect(makeSampleFile(0, 5).byteLength).toBe(0)
  })

  test.each([0, 1, -1, 0x9e3779b9])('fills all of it, from seed %d too', (seed) => {
    const counts = Array.from({ length: 256 }, () => 0)
    for (const byte of makeSampleFile(256_000, seed)) counts[byte] = (counts[byte] ?? 0) + 1
    expect(Math.min(...counts)).toBeGreaterThan(800)
    expect(Math.max(...counts)).toBeLessThan(1_200)
  })
})

/** The response once its headers are in, over a connection of its own. */
function open(url: string, range?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = range === undefined ? {} : { Range: range }
    const request = get(url, { agent: false, headers }, (response) => {
      response.on('error', () => undefined)
      resolve(response)
    })
    request.on('error', reject)
  })
}

async function download(url: string, range?: string): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of await open(url, range)) pieces.push(piece as Buffer)
  return Buffer.concat(pieces)
}
