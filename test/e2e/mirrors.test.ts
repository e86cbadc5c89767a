import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { makeSampleFile } from '../../testbed/sample-file.ts'
import {
  startSampleOrigin,
  type SampleOrigin,
  type SampleOriginOptions,
} from '../../testbed/sample-origin.ts'
import { openTestbed, type Testbed } from '../../testbed/testbed.ts'
import type { VisitorResult, VisitorsOptions } from '../../testbed/visitors.ts'
import { expectAllRight, manifestOf, openScene, visit, type Scene, type SceneOptions } from './harness.ts'

const VISITORS = 4

/** One visitor is done in two seconds: the URL gives twice what the mirror gives. */
const QUICK: SceneOptions = { sizeBytes: 6e6, rateBitsPerSec: 16e6, topology: 'none' }
const QUICK_MIRROR_BITS_PER_SEC = 8e6

/** With two mirrors that give half of it each, one copy takes eight seconds: long beside the time that links take to open. */
const SHARED: SceneOptions = { sizeBytes: 10e6, rateBitsPerSec: 5e6 }
const SHARED_MIRROR_BITS_PER_SEC = 2.5e6

let testbed: Testbed
let scene: Scene
const mirrors: SampleOrigin[] = []

beforeAll(async () => {
  testbed = await openTestbed()
})
afterAll(() => testbed.close())
afterEach(async () => {
  await closeMirrors()
  await scene.close()
})

async function closeMirrors(): Promise<void> {
  await Promise.all(mirrors.splice(0).map((mirror) => mirror.close()))
}

async function openMirror(
  rateBitsPerSec: number,
  file: Uint8Array = scene.file,
  faults: Pick<SampleOriginOptions, 'faults'> = {},
): Promise<SampleOrigin> {
  const mirror = await startSampleOrigin({ files: { 'copy.bin': file }, rateBitsPerSec, ...faults })
  mirrors.push(mirror)
  return mirror
}

function download(
  run: Partial<VisitorsOptions> & Pick<VisitorsOptions, 'visitors'>,
): Promise<VisitorResult[]> {
  const urls = mirrors.map((mirror) => mirror.url('copy.bin'))
  return visit(testbed, scene, {
    ...run,
    options: { integrity: scene.integrity, mirrors: urls, ...run.options },
  })
}

/** As long as the file, and nothing else like it. */
function otherFile(): Uint8Array {
  return makeSampleFile(scene.file.byteLength, 8)
}

function copiesOf(origin: SampleOrigin): number {
  return origin.stats().bytesSent / scene.file.byteLength
}

describe('mirrors', () => {
  test('give in proportion to their speed, and no more than the file together', async () => {
    scene = await openScene(QUICK)
    const mirror = await openMirror(QUICK_MIRROR_BITS_PER_SEC)
    expectAllRight(await download({ visitors: 1 }), scene)

    const [first, second] = [copiesOf(scene.origin), copiesOf(mirror)]
    expect(first).toBeGreaterThan(0.6 * (2 / 3))
    expect(first).toBeLessThan(1.4 * (2 / 3))
    expect(second).toBeGreaterThan(0.6 * (1 / 3))
    expect(second).toBeLessThan(1.4 * (1 / 3))
    expect(first + second).toBeLessThanOrEqual(1.1)
  })

  test('that have no such file, or another, are survived', async () => {
    scene = await openScene(QUICK)
    await openMirror(QUICK_MIRROR_BITS_PER_SEC, scene.file, { faults: () => ({ status: 404 }) })
    await openMirror(QUICK_MIRROR_BITS_PER_SEC, makeSampleFile(scene.file.byteLength + 1000, 8))
    expectAllRight(await download({ visitors: 1 }), scene)
    expect(scene.copies()).toBeGreaterThanOrEqual(1)
  })

  test('do where the URL itself has gone', async () => {
    scene = await openScene({ ...QUICK, origin: { faults: () => ({ status: 404 }) } })
    const mirror = await openMirror(QUICK_MIRROR_BITS_PER_SEC)
    expectAllRight(await download({ visitors: 1 }), scene)
    expect(copiesOf(mirror)).toBeGreaterThanOrEqual(1)
  })

  test('that have another file of the same length are asked no more once a chunk of theirs is seen to be wrong', async () => {
    scene = await openScene(QUICK)
    const mirror = await openMirror(QUICK_MIRROR_BITS_PER_SEC, otherFile())
    const integrity = await manifestOf(scene.file)
    const results = await download({ visitors: 1, options: { integrity } })
    expectAllRight(results, scene)
    expect(copiesOf(mirror)).toBeLessThan(0.5)
  })

  test('that have another file cannot be told from the right one by a hash of the whole, which the URL alone then has to fit', async () => {
    scene = await openScene(QUICK)
    const mirror = await openMirror(QUICK_MIRROR_BITS_PER_SEC, otherFile())
    expectAllRight(await download({ visitors: 1 }), scene)
    expect(copiesOf(mirror)).toBeGreaterThan(0)
  })

  test('that have another file, where the URL has none, are an error that says so', async () => {
    scene = await openScene({ ...QUICK, origin: { faults: () => ({ status: 404 }) } })
    await openMirror(QUICK_MIRROR_BITS_PER_SEC, otherFile())
    const results = await download({ visitors: 1 })
    expect(results.map(({ error }) => error?.code)).toEqual(['integrity-mismatch'])
  })
})

describe('four visitors with mirrors', () => {
  test('fetch about one copy from all origins together, and something from each', async () => {
    scene = await openScene(SHARED)
    for (let mirror = 0; mirror < 2; mirror++) await openMirror(SHARED_MIRROR_BITS_PER_SEC)
    const results = await download({ visitors: VISITORS })

    expectAllRight(results, scene)
    const copies = [scene.origin, ...mirrors].map(copiesOf)
    for (const share of copies) expect(share).toBeGreaterThan(0.1)
    const total = copies.reduce((sum, share) => sum + share, 0)
    expect(total).toBeGreaterThanOrEqual(1)
    expect(total).toBeLessThanOrEqual(1.5)
    const bytesFromPeers = results.reduce((sum, { stats }) => sum + (stats?.bytesFromPeers ?? 0), 0)
    expect(bytesFromPeers).toBeGreaterThan(2 * scene.file.byteLength)
  })

  test('get the right bytes though a mirror dies in the middle', async () => {
    scene = await openScene(SHARED)
    await openMirror(SHARED_MIRROR_BITS_PER_SEC)
    let hasDied = false
    const results = await download({
      visitors: VISITORS,
      watchEveryMs: 50,
      watch: async (snapshots) => {
        const done = snapshots.reduce((sum, { stats }) => sum + (stats?.completedBytes ?? 0), 0)
        if (hasDied || done < 0.3 * VISITORS * scene.file.byteLength) return
        hasDied = true
        await closeMirrors()
      },
    })

    expectAllRight(results, scene)
    expect(hasDied).toBe(true)
    expect(scene.copies()).toBeLessThanOrEqual(2)
  })

  test('get the right bytes though a mirror has others', async () => {
    scene = await openScene({ ...SHARED, rateBitsPerSec: 20e6 })
    await openMirror(SHARED_MIRROR_BITS_PER_SEC, otherFile())
    const integrity = await manifestOf(scene.file)
    const results = await download({ visitors: VISITORS, options: { integrity } })

    expectAllRight(results, scene)
    expect(scene.copies()).toBeLessThanOrEqual(1.5)
  })
})
