/**
 * A sample origin in a process of its own, so that serving does not take turns with whoever measures. Usage:
 *
 *     tsx testbed/sample-origin-process.ts '{"name":"sample.bin","sizeBytes":20e6,"seed":1,"rateBitsPerSec":1e7}'
 *
 * Prints one line when it listens, `{"url":…,"sha256":"sha256-…","sizeBytes":…}` (the hash as in Subresource
 * Integrity), and ends on SIGTERM or SIGINT.
 */

import { createHash } from 'node:crypto'

import { makeSampleFile } from './sample-file.ts'
import { startSampleOrigin } from './sample-origin.ts'
import type { SampleOriginOptions } from './sample-origin.ts'

/** Largest file that is held in memory here, in bytes. */
const MAX_SIZE_BYTES = 4e9

/** The options of `startSampleOrigin` that JSON can carry, and the one file. */
interface ProcessOptions extends Omit<SampleOriginOptions, 'files' | 'faults'> {
  /** Default sample.bin. */
  readonly name?: string
  /** Default 20 MB. */
  readonly sizeBytes?: number
  /** Default 1. */
  readonly seed?: number
}

const { name = 'sample.bin', sizeBytes = 20e6, seed = 1, ...server } = readOptions(process.argv[2])
const content = makeSampleFile(sizeBytes, seed)
const origin = await startSampleOrigin({ ...server, files: { [name]: content } })
const sha256 = `sha256-${createHash('sha256').update(content).digest('base64')}`
console.log(JSON.stringify({ url: origin.url(name), sha256, sizeBytes }))

process.once('SIGTERM', stop)
process.once('SIGINT', stop)

function stop(): void {
  void origin.close().then(() => process.exit(0))
}

function readOptions(argument: string | undefined): ProcessOptions {
  const options = JSON.parse(argument ?? '{}') as ProcessOptions
  const size = options.sizeBytes ?? 0
  if (!Number.isInteger(size) || size < 0 || size > MAX_SIZE_BYTES) {
    throw new RangeError(`sizeBytes must be a whole number from 0 to ${MAX_SIZE_BYTES}.`)
  }
  return options
}
