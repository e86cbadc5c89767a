/**
 * Makes the manifest of a file: the SHA-256 of every chunk and of the whole, which a page passes as `integrity`, so
 * that chunks from peers are verified one by one. The file is read once, as a stream; memory holds the hashes (32
 * bytes a chunk) and what the stream has in hand, never the file.
 */

import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'

import { defaultChunkBytes } from '../src/core/geometry.ts'
import { MAX_CHUNK_BYTES, MAX_CHUNKS, MAX_FILE_BYTES, MIN_CHUNK_BYTES } from '../src/core/wire/limits.ts'

/** The form in which a manifest is published, as JSON. */
export interface Manifest {
  readonly version: 1
  readonly sizeBytes: number
  /** Length of every chunk but the last, in bytes. */
  readonly chunkBytes: number
  /** The SHA-256 digests of the chunks, 32 bytes each, concatenated, in base64. */
  readonly hashes: string
  /** The whole file's, in the form of Subresource Integrity: `sha256-` and base64. */
  readonly sha256: string
}

/** No manifest can be made of this; the message is a sentence for whoever asked. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError'
}

export interface ManifestOptions {
  /** Length of a chunk in bytes, 16 KiB to 16 MiB. Default: by the file's size, as the browser library chooses it. */
  readonly chunkBytes?: number
}

/** Bytes to be read, and how many there will be; null where that is not known beforehand. */
export interface ManifestSource {
  readonly sizeBytes: number | null
  readonly body: AsyncIterable<Uint8Array>
}

/** The manifest of a local file, or of what an http(s) URL answers. Rejects with `ManifestError`. */
export async function manifestOf(fileOrUrl: string, options: ManifestOptions = {}): Promise<Manifest> {
  return makeManifest(await openSource(fileOrUrl), options)
}

/** The manifest of these bytes. Rejects with `ManifestError`, also where the source breaks off. */
export async function makeManifest(source: ManifestSource, options: ManifestOptions = {}): Promise<Manifest> {
  const chunkBytes = chunkBytesFor(source.sizeBytes, options.chunkBytes)
  if (chunkBytes instanceof ManifestError) {
    await source.body[Symbol.asyncIterator]().return?.()
    throw chunkBytes
  }
  const hasher = new ChunkHasher(chunkBytes)
  try {
    for await (const bytes of source.body) {
      hasher.update(bytes)
      const excess = excessOf(hasher.sizeBytes, chunkBytes)
      if (excess !== null) throw excess
    }
  } catch (error) {
    if (error instanceof ManifestError) throw error
    throw new ManifestError(`Reading broke off after ${hasher.sizeBytes} bytes: ${reasonOf(error)}.`, {
      cause: error,
    })
  }
  if (source.sizeBytes !== null && hasher.sizeBytes !== source.sizeBytes) {
    throw new ManifestError(
      `There were ${hasher.sizeBytes} bytes to read where ${source.sizeBytes} were promised.`,
    )
  }
  const { hashes, sha256 } = hasher.finish()
  return { version: 1, sizeBytes: hasher.sizeBytes, chunkBytes, hashes, sha256 }
}

// ---------------------------------------------------------------------------------------------------- sources

async function openSource(fileOrUrl: string): Promise<ManifestSource> {
  return /^https?:\/\//i.test(fileOrUrl) ? openUrl(fileOrUrl) : openFile(fileOrUrl)
}

async function openFile(path: string): Promise<ManifestSource> {
  const stats = await stat(path).catch((error: unknown) => {
    throw new ManifestError(`${path} cannot be read: ${reasonOf(error)}.`, { cause: error })
  })
  if (!stats.isFile()) throw new ManifestError(`${path} is not a file.`)
  return { sizeBytes: stats.size, body: createReadStream(path) }
}

/** `identity`, since the manifest is of the bytes that range requests will get, which are never encoded. */
async function openUrl(url: string): Promise<ManifestSource> {
  const response = await fetch(url, { headers: { 'accept-encoding': 'identity' } }).catch(
    (error: unknown) => {
      throw new ManifestError(`${url} cannot be fetched: ${reasonOf(error)}.`, { cause: error })
    },
  )
  const encoding = response.headers.get('content-encoding') ?? 'identity'
  if (response.status !== 200) return refuse(response, `${url} answers ${response.status}, not 200.`)
  if (encoding !== 'identity') return refuse(response, `${url} insists on sending ${encoding}.`)
  const length = response.headers.get('content-length')
  return { sizeBytes: length === null ? null : Number(length), body: response.body ?? nothing() }
}

async function refuse(response: Response, sentence: string): Promise<never> {
  await response.body?.cancel()
  throw new ManifestError(sentence)
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function reasonOf(error: unknown): string {
  const innermost = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return innermost instanceof Error ? innermost.message : String(innermost)
}

// ----------------------------------------------------------------------------------------------------- hashes

function chunkBytesFor(sizeBytes: number | null, wanted: number | undefined): number | ManifestError {
  if (wanted === undefined && sizeBytes === null) {
    return new ManifestError('The server does not say how long the file is; choose a chunk size.')
  }
  const chunkBytes = wanted ?? defaultChunkBytes(sizeBytes ?? 0)
  if (!Number.isInteger(chunkBytes) || chunkBytes < MIN_CHUNK_BYTES || chunkBytes > MAX_CHUNK_BYTES) {
    return new ManifestError(`A chunk has ${MIN_CHUNK_BYTES} to ${MAX_CHUNK_BYTES} bytes.`)
  }
  return excessOf(sizeBytes ?? 0, chunkBytes) ?? chunkBytes
}

/** What is too much about a file of this size; null where nothing is. */
function excessOf(sizeBytes: number, chunkBytes: number): ManifestError | null {
  if (sizeBytes > MAX_FILE_BYTES) return new ManifestError(`The file has more than ${MAX_FILE_BYTES} bytes.`)
  if (Math.ceil(sizeBytes / chunkBytes) <= MAX_CHUNKS) return null
  return new ManifestError(
    `The file has more than ${MAX_CHUNKS} chunks of ${chunkBytes} bytes; choose larger ones.`,
  )
}

/** Cuts a stream, however it comes in pieces, into chunks, and hashes each and the whole. */
class ChunkHasher {
  sizeBytes = 0
  private readonly chunkBytes: number
  private readonly file = createHash('sha256')
  private readonly digests: Buffer[] = []
  private chunk: Hash | null = null

  constructor(chunkBytes: number) {
    this.chunkBytes = chunkBytes
  }

  update(bytes: Uint8Array): void {
    this.file.update(bytes)
    for (let at = 0; at < bytes.length;) {
      const roomBytes = this.chunkBytes - (this.sizeBytes % this.chunkBytes)
      const piece = bytes.subarray(at, at + roomBytes)
      this.chunk ??= createHash('sha256')
      this.chunk.update(piece)
      this.sizeBytes += piece.length
      at += piece.length
      if (piece.length === roomBytes) this.endChunk()
    }
  }

  finish(): { hashes: string; sha256: string } {
    this.endChunk()
    return {
      hashes: Buffer.concat(this.digests).toString('base64'),
      sha256: `sha256-${this.file.digest('base64')}`,
    }
  }

  private endChunk(): void {
    if (this.chunk !== null) this.digests.push(this.chunk.digest())
    this.chunk = null
  }
}
