import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'

import { makeSampleFile } from '../../testbed/sample-file.ts'
import {
  startSampleOrigin,
  type SampleOrigin,
  type SampleOriginOptions,
} from '../../testbed/sample-origin.ts'
import { openTestbed, type Testbed } from '../../testbed/testbed.ts'
import { expectAllRight, openScene, visit, type Scene } from './harness.ts'

const SIZE_BYTES = 6e6
/** The URL gives twice what the mirror gives. */
const RATE_BITS_PER_SEC = 16e6
const MIRROR_RATE_BITS_PER_SEC = 8e6

let testbed: Testbed
let scene: Scene
const mirrors: SampleOrigin[] = []

beforeAll(async () => {
  testbed = await openTestbed()
})
afterAll(() => testbed.close())
beforeEach(async () => {
  scene = await openScene({ sizeBytes: SIZE_BYTES, rateBitsPerSec: RATE_BITS_PER_SEC, topology: 'none' })
})
afterEach(async () => {
  await Promise.all(mirrors.splice(0).map((mirror) => mirror.close()))
  await scene.close()
})

async function openMirror(
  file: Uint8Array = scene.file,
  faults: Pick<SampleOriginOptions, 'faults'> = {},
): Promise<SampleOrigin> {
  const files = { 'copy.bin': file }
  const mirror = await startSampleOrigin({ files, rateBitsPerSec: MIRROR_RATE_BITS_PER_SEC, ...faults })
  mirrors.push(mirror)
  return mirror
}

async function download(): Promise<void> {
  const options = { integrity: scene.integrity, mirrors: mirrors.map((mirror) => mirror.url('copy.bin')) }
  expectAllRight(await visit(testbed, scene, { visitors: 1, options }), scene)
}

describe('mirrors', () => {
  test('give in proportion to their speed, and no more than the file together', async () => {
    const mirror = await openMirror()
    await download()
    const [first, second] = [scene.origin, mirror].map((origin) => origin.stats().bytesSent)
    expect(first).toBeGreaterThan(0.6 * (2 / 3) * SIZE_BYTES)
    expect(first).toBeLessThan(1.4 * (2 / 3) * SIZE_BYTES)
    expect(second).toBeGreaterThan(0.6 * (1 / 3) * SIZE_BYTES)
    expect(second).toBeLessThan(1.4 * (1 / 3) * SIZE_BYTES)
    expect((first ?? 0) + (second ?? 0)).toBeLessThanOrEqual(1.1 * SIZE_BYTES)
  })

  test('that have no such file, or another, are survived', async () => {
    await openMirror(scene.file, { faults: () => ({ status: 404 }) })
    await openMirror(makeSampleFile(SIZE_BYTES + 1000, 8))
    await download()
    expect(scene.copies()).toBeGreaterThanOrEqual(1)
  })
})
