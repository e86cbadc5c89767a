import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { openTestbed, type Testbed } from '../../testbed/testbed.ts'
import { expectAllRight, manifestOf, openScene, visit, type Scene } from './harness.ts'

let testbed: Testbed
let scene: Scene

beforeAll(async () => {
  testbed = await openTestbed()
})
afterAll(() => testbed.close())
afterEach(() => scene.close())

describe('eight visitors of a slow origin', () => {
  test('all get the right bytes, while the origin sends about one copy', async () => {
    scene = await openScene({ sizeBytes: 10e6, rateBitsPerSec: 10e6 })
    const results = await visit(testbed, scene, { visitors: 8, options: { integrity: scene.integrity } })

    expectAllRight(results, scene)
    expect(results.map(({ verified }) => verified)).toEqual(results.map(() => 'file'))
    expect(scene.copies()).toBeGreaterThanOrEqual(1)
    expect(scene.copies()).toBeLessThanOrEqual(1.5)
    expect(sum(results, 'bytesFromPeers')).toBeGreaterThan(6.4 * scene.file.byteLength)
    expect(sum(results, 'bytesUploaded')).toBeGreaterThan(6.4 * scene.file.byteLength)
  })
})

describe('four visitors of a slow origin', () => {
  test('share the work by a manifest, chunk by chunk verified', async () => {
    scene = await openScene({ sizeBytes: 3e6, rateBitsPerSec: 10e6 })
    const integrity = await manifestOf(scene.file)
    const results = await visit(testbed, scene, { visitors: 4, options: { integrity } })

    expectAllRight(results, scene)
    expect(results.map(({ verified }) => verified)).toEqual(results.map(() => 'manifest'))
    expect(scene.copies()).toBeLessThanOrEqual(2)
  })

  test('share the work unverified only where the page asked for it, and are told so', async () => {
    scene = await openScene({ sizeBytes: 3e6, rateBitsPerSec: 10e6 })
    const results = await visit(testbed, scene, { visitors: 4, options: { unverifiedPeers: true } })

    expectAllRight(results, scene)
    expect(results.map(({ verified }) => verified)).toEqual(results.map(() => false))
    // Half of plain HTTP's four, and what is fetched twice while links are being set up: they take a good part of the time.
    expect(scene.copies()).toBeLessThanOrEqual(2.5)
  })

  test('take nothing from each other where nothing could verify it', async () => {
    scene = await openScene({ sizeBytes: 3e6, rateBitsPerSec: 40e6 })
    const results = await visit(testbed, scene, { visitors: 4 })

    expectAllRight(results, scene)
    expect(sum(results, 'bytesFromPeers')).toBe(0)
    expect(scene.copies()).toBe(4)
  })

  test('serve a latecomer, who needs almost nothing from the origin', async () => {
    scene = await openScene({ sizeBytes: 3e6, rateBitsPerSec: 10e6 })
    const { integrity } = scene
    const results = await visit(testbed, scene, { visitors: 2, staggerMs: 5_000, options: { integrity } })

    expectAllRight(results, scene)
    expect(results[1]?.stats?.bytesFromOrigin).toBeLessThan(scene.file.byteLength / 2)
  })
})

function sum(results: Awaited<ReturnType<typeof visit>>, figure: 'bytesFromPeers' | 'bytesUploaded'): number {
  return results.reduce((total, { stats }) => total + (stats?.[figure] ?? 0), 0)
}
