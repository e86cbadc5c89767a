import { createHash } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import * as fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { MAX_CHUNK_BYTES, MAX_CHUNKS, MIN_CHUNK_BYTES } from '../../src/core/wire/limits.ts'
import { makeManifest, ManifestError, manifestOf, type Manifest } from '../../signaling-server/manifest.ts'

let folder = ''
const cleanups: (() => Promise<void>)[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'swarmfetch-manifest-'))
})
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})
afterAll(() => rm(folder, { recursive: true }))

function sample(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes)
  for (let at = 0; at < sizeBytes; at++) bytes[at] = (at * 31 + (at >> 8)) & 0xff
  return bytes
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

/** What it must be, by cutting the whole file in memory. */
function expected(bytes: Buffer, chunkBytes: number): Manifest {
  const digests: Buffer[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes)
    digests.push(sha256(bytes.subarray(at, at + chunkBytes)))
  return {
    version: 1,
    sizeBytes: bytes.length,
    chunkBytes,
    hashes: Buffer.concat(digests).toString('base64'),
    sha256: `sha256-${sha256(bytes).toString('base64')}`,
  }
}

async function inFile(bytes: Buffer): Promise<string> {
  const path = join(folder, 'sample.bin')
  await writeFile(path, bytes)
  return path
}

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(async () => {
    server.close().closeAllConnections()
    await once(server, 'close')
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/sample.bin`
}

async function* piecesOf(bytes: Buffer, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0
  for (const length of lengths) {
    yield bytes.subarray(at, at + length)
    at += length
  }
  yield bytes.subarray(at)
}

function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => error)
}

describe('a manifest', () => {
  it('holds the hash of each chunk and of the whole', async () => {
    const bytes = sample(2.5 * MIN_CHUNK_BYTES)
    const manifest = await manifestOf(await inFile(bytes), { chunkBytes: MIN_CHUNK_BYTES })
    expect(manifest).toStrictEqual(expected(bytes, MIN_CHUNK_BYTES))
    expect(Buffer.from(manifest.hashes, 'base64')).toHaveLength(3 * 32)
  })

  it('of nothing holds no hash but that of nothing', async () => {
    expect(await manifestOf(await inFile(Buffer.alloc(0)))).toStrictEqual({
      version: 1,
      sizeBytes: 0,
      chunkBytes: 16_384,
      hashes: '',
      sha256: 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
    })
  })

  it('has no empty chunk at the end of a file that its chunks divide', async () => {
    const bytes = sample(2 * MIN_CHUNK_BYTES)
    const { hashes } = await manifestOf(await inFile(bytes), { chunkBytes: MIN_CHUNK_BYTES })
    expect(Buffer.from(hashes, 'base64')).toHaveLength(2 * 32)
  })

  it('chooses the chunk size by the size of the file', async () => {
    expect((await manifestOf(await inFile(sample(40 * 1024 * 1024)))).chunkBytes).toBe(131_072)
  })

  it('is the same however the bytes come in pieces', async () => {
    const bytes = sample(100_000)
    const lengths = fc.array(fc.oneof(fc.nat(3), fc.nat(20_000), fc.constant(MIN_CHUNK_BYTES)), {
      maxLength: 12,
    })
    await fc.assert(
      fc.asyncProperty(lengths, async (lengths) => {
        const source = { sizeBytes: null, body: piecesOf(bytes, lengths) }
        const manifest = await makeManifest(source, { chunkBytes: MIN_CHUNK_BYTES })
        expect(manifest).toStrictEqual(expected(bytes, MIN_CHUNK_BYTES))
      }),
    )
  })
})

describe('a manifest of what a URL answers', () => {
  it('is that of the file, asked for without encoding', async () => {
    const bytes = sample(200_000)
    const url = await serve((request, response) => {
      expect(request.headers['accept-encoding']).toBe('identity')
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
    })
    expect(await manifestOf(url)).toStrictEqual(expected(bytes, 16_384))
  })

  it('needs a chunk size where the server does not say how long the file is', async () => {
    const bytes = sample(100_000)
    const url = await serve((_, response) => response.writeHead(200).end(bytes))
    await expect(manifestOf(url)).rejects.toThrow('choose a chunk size')
    expect(await manifestOf(url, { chunkBytes: 65_536 })).toStrictEqual(expected(bytes, 65_536))
  })

  it('lets go of the server when it is refused', async () => {
    const connection = new EventEmitter()
    const closed = once(connection, 'close')
    const url = await serve((_, response) => {
      response.once('close', () => connection.emit('close'))
      response.write('and so on, for ever')
    })
    await expect(manifestOf(url)).rejects.toThrow('choose a chunk size')
    await closed
  })

  it.each<[string, RequestListener, string]>([
    ['is missing', (_, response) => response.writeHead(404).end(), 'answers 404'],
    ['is a part', (_, response) => response.writeHead(206, { 'content-length': 1 }).end('a'), 'answers 206'],
    [
      'is encoded',
      (_, response) => response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': 1 }).end('a'),
      'insists on sending gzip',
    ],
    [
      'breaks off',
      (_, response) => {
        response.writeHead(200, { 'content-length': 10 })
        response.write('a', () => response.destroy())
      },
      'broke off after',
    ],
  ])('is refused where it %s', async (_, answer, sentence) => {
    await expect(manifestOf(await serve(answer))).rejects.toThrow(sentence)
  })
})

describe('no manifest is made', () => {
  it('of what is not there or is no file', async () => {
    for (const path of [join(folder, 'missing'), folder, 'http://127.0.0.1:1/']) {
      expect(await rejection(manifestOf(path))).toBeInstanceOf(ManifestError)
    }
  })

  it('with chunks that visitors would refuse', async () => {
    const path = await inFile(sample(10))
    for (const chunkBytes of [MIN_CHUNK_BYTES - 1, MAX_CHUNK_BYTES + 1, 70_000.5]) {
      expect(await rejection(manifestOf(path, { chunkBytes }))).toBeInstanceOf(ManifestError)
    }
    expect((await manifestOf(path, { chunkBytes: MAX_CHUNK_BYTES })).chunkBytes).toBe(MAX_CHUNK_BYTES)
  })

  it('with more chunks than visitors accept, which is known before anything is read', async () => {
    const body = (async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.reject(new Error('It was read.'))
    })()
    const sizeBytes = MIN_CHUNK_BYTES * MAX_CHUNKS + 1
    await expect(makeManifest({ sizeBytes, body }, { chunkBytes: MIN_CHUNK_BYTES })).rejects.toThrow(
      'larger ones',
    )
  })

  it('of fewer or more bytes than were promised', async () => {
    for (const sizeBytes of [9, 11]) {
      const source = { sizeBytes, body: piecesOf(sample(10), []) }
      await expect(makeManifest(source)).rejects.toThrow(`${sizeBytes} were promised`)
    }
  })
})
