import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { openTestbed, type OpenPages, type Testbed } from '../../testbed/testbed.ts'
import { expectAllRight, integrityOf, manifestOf, openScene, visit, type Scene } from './harness.ts'
import type { Attack, Outcome } from './hostile-page.ts'

const VISITORS = 3

let testbed: Testbed
let scene: Scene
let hostiles: OpenPages

beforeAll(async () => {
  testbed = await openTestbed({ scripts: ['test/e2e/hostile-page.ts'] })
})
afterAll(() => testbed.close())
afterEach(async () => {
  await hostiles.close()
  await scene.close()
})

/** Honest visitors download; when a tenth is there, so that the swarm knows its file, a hostile one joins them. */
async function underAttack(attack: Attack, integrity: unknown): Promise<Outcome> {
  hostiles = await testbed.openPages(1)
  const [page] = hostiles.pages
  if (page === undefined || scene.topology === null) throw new Error('The scene is not set.')
  const { url: topology } = scene.topology
  let hasBegun = false
  const results = await visit(testbed, scene, {
    visitors: VISITORS,
    options: { integrity },
    watchEveryMs: 50,
    watch: async (snapshots) => {
      const done = snapshots.reduce((sum, { stats }) => sum + (stats?.completedBytes ?? 0), 0)
      if (hasBegun || done < 0.1 * VISITORS * scene.file.byteLength) return
      hasBegun = true
      await page.evaluate(([kind, url, server]) => window.hostile.attack(kind, url, server), [
        attack,
        scene.url,
        topology,
      ] as const)
    },
  })
  expectAllRight(results, scene)
  expect(hasBegun).toBe(true)
  return page.evaluate(() => window.hostile.outcome())
}

describe('in spite of a hostile visitor everybody gets the right bytes', () => {
  test('where it sends garbage, and is dropped by all it reached', async () => {
    scene = await openScene({ sizeBytes: 8e6, rateBitsPerSec: 10e6 })
    const outcome = await underAttack('garbage', scene.integrity)

    expect(outcome.linked).toBeGreaterThan(0)
    expect(outcome.dropped).toBe(outcome.linked)
    expect(scene.copies()).toBeLessThan(1.5)
  })

  test('where it lies about every chunk, chunk hashes being known', async () => {
    scene = await openScene({ sizeBytes: 8e6, rateBitsPerSec: 10e6 })
    const outcome = await underAttack('liar', await manifestOf(scene.file))

    expect(outcome.linked).toBeGreaterThan(0)
    expect(outcome.asked).toBeGreaterThan(0)
    expect(outcome.dropped).toBe(outcome.linked)
    expect(scene.copies()).toBeLessThan(1.5)
  })

  test('where it lies about every chunk and only the whole file has a hash: the origin settles it', async () => {
    scene = await openScene({ sizeBytes: 4e6, rateBitsPerSec: 20e6 })
    const outcome = await underAttack('liar', scene.integrity)

    expect(outcome.linked).toBeGreaterThan(0)
    expect(scene.copies()).toBeLessThanOrEqual(VISITORS * 1.01)
  })

  test('where it told the server of a shorter file: a reader in order gets the whole all the same', async () => {
    scene = await openScene({ sizeBytes: 3e6, rateBitsPerSec: 20e6 })
    hostiles = await testbed.openPages(2)
    const [impostor, visitor] = hostiles.pages
    const { integrity, url } = scene
    const topology = scene.topology?.url ?? ''
    await impostor?.evaluate(([file, server]) => window.hostile.attack('impostor', file, server), [
      url,
      topology,
    ] as const)
    await impostor?.waitForFunction(() => window.hostile.outcome().welcomed > 0)
    const read = await visitor?.evaluate(
      async ([file, server, hash]) => {
        const download = window.swarm.download(file, { topology: server, integrity: hash })
        const parts: Uint8Array<ArrayBuffer>[] = []
        for await (const bytes of download.stream()) parts.push(bytes)
        const streamed = new Uint8Array(await new Blob(parts).arrayBuffer())
        return { streamed: [...streamed], size: (await download.blob()).size }
      },
      [url, topology, integrity] as const,
    )

    expect(integrityOf(Uint8Array.from(read?.streamed ?? []))).toBe(integrity)
    expect(read?.size).toBe(scene.file.byteLength)
  })

  test('where it promises every chunk and sends nothing', async () => {
    scene = await openScene({ sizeBytes: 4e6, rateBitsPerSec: 10e6 })
    const outcome = await underAttack('mute', await manifestOf(scene.file))

    expect(outcome.asked).toBeGreaterThan(0)
    expect(scene.copies()).toBeLessThanOrEqual(VISITORS * 1.01)
  })
})
