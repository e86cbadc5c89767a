import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { startSampleOrigin, type SampleOrigin } from '../../testbed/sample-origin.ts'
import { makeSampleFile } from '../../testbed/sample-file.ts'
import { openTestbed, type Testbed } from '../../testbed/testbed.ts'
import { runVisitors, type VisitorResult } from '../../testbed/visitors.ts'
import { closedPort } from '../closed-port.ts'
import { integrityOf, manifestOf } from './harness.ts'

const FILE = makeSampleFile(1e6, 3)

let testbed: Testbed
let origin: SampleOrigin
let closedOrigin: SampleOrigin

beforeAll(async () => {
  testbed = await openTestbed()
  const files = { 'sample.bin': FILE, 'secret.bin': FILE, 'empty.bin': new Uint8Array(0) }
  origin = await startSampleOrigin({ files, faults: forbidSecrets })
  closedOrigin = await startSampleOrigin({ files, cors: false })
})

afterAll(async () => {
  await testbed.close()
  await origin.close()
  await closedOrigin.close()
})

function forbidSecrets({ name }: { readonly name: string }): { status: number } | null {
  return name === 'secret.bin' ? { status: 403 } : null
}

/** Ends in an error 'timeout' where the library neither completes nor fails. */
async function download(
  url: string,
  options: Record<string, unknown> = {},
): Promise<VisitorResult | undefined> {
  const [result] = await runVisitors(testbed, {
    visitors: 1,
    system: 'swarm',
    url,
    options,
    timeoutMs: 30_000,
  })
  return result
}

describe('what cannot be downloaded ends in a SwarmError that says why', () => {
  test.each([
    ['origin-not-found', () => origin.url('missing.bin')],
    ['origin-forbidden', () => origin.url('secret.bin')],
    ['origin-cors', () => closedOrigin.url('sample.bin')],
    ['invalid-url', () => 'http://'],
    ['invalid-url', () => 'ftp://127.0.0.1/sample.bin'],
  ])('%s', async (code, url) => {
    expect((await download(url()))?.error?.code).toBe(code)
  })

  test('origin-unreachable', async () => {
    const url = `http://127.0.0.1:${await closedPort()}/sample.bin`
    expect((await download(url))?.error?.code).toBe('origin-unreachable')
  })

  test.each([
    ['invalid-option', { storage: 'floppy' }],
    ['invalid-option', { noSuchOption: true }],
    ['invalid-option', { topology: 'https://example.com' }],
    ['integrity-unsupported', { integrity: 'crc32-AAAAAA==' }],
    ['integrity-mismatch', { integrity: integrityOf(makeSampleFile(1e6, 4)) }],
  ])('%s: %j', async (code, options) => {
    expect((await download(origin.url('sample.bin'), options))?.error?.code).toBe(code)
  })

  test('integrity-mismatch: the manifest of another file, of the same length or another', async () => {
    for (const sizeBytes of [1e6, 2e6]) {
      const integrity = await manifestOf(makeSampleFile(sizeBytes, 4))
      expect((await download(origin.url('sample.bin'), { integrity }))?.error?.code).toBe(
        'integrity-mismatch',
      )
    }
  })

  test('nothing is handed out of a file with the wrong bytes', async () => {
    const integrity = integrityOf(makeSampleFile(1e6, 4))
    const result = await download(origin.url('sample.bin'), { integrity })
    expect(result).toMatchObject({ sizeBytes: null, integrity: null })
  })
})

describe('files at the edge', () => {
  test('an empty file is complete, with and without a hash', async () => {
    const url = origin.url('empty.bin')
    const integrity = integrityOf(new Uint8Array(0))
    expect(await download(url)).toMatchObject({ error: null, sizeBytes: 0, verified: false })
    expect(await download(url, { integrity })).toMatchObject({ error: null, sizeBytes: 0, verified: 'file' })
  })

  test('a complete file is right without any option', async () => {
    const result = await download(origin.url('sample.bin'))
    expect(result).toMatchObject({ error: null, integrity: integrityOf(FILE), verified: false })
  })
})
