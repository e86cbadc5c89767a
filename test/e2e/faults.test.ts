import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import { openTestbed, type Testbed } from '../../testbed/testbed.ts'
import { expectAllRight, openScene, visit, type Scene, type SceneOptions } from './harness.ts'

const VISITORS = 4

/** Plain HTTP's copies, and 5% for what is under way when a response is cut short: the origin counts that, too. */
const PLAIN_COPIES = 1.05 * VISITORS

let testbed: Testbed
let scene: Scene

beforeAll(async () => {
  testbed = await openTestbed()
})
afterAll(() => testbed.close())
afterEach(() => scene.close())

/** Fast enough for four copies in two seconds, since some of these faults cost everybody a copy. */
const SMALL: SceneOptions = { sizeBytes: 3e6, rateBitsPerSec: 50e6 }

/** Asking for an older version than there is fails in the browser's own way, with an error event. */
const FAILING_OPEN = `
  const open = IDBFactory.prototype.open
  IDBFactory.prototype.open = function (name) {
    open.call(this, name, 2)
    return open.call(this, name, 1)
  }`

describe('whatever is missing, everybody gets the right bytes for no more copies than plain HTTP would cost', () => {
  test('no topology option', async () => {
    scene = await openScene({ ...SMALL, topology: 'none' })
    const results = await visit(testbed, scene, {
      visitors: VISITORS,
      options: { integrity: scene.integrity },
    })

    expectAllRight(results, scene)
    expect(scene.copies()).toBe(VISITORS)
  })

  test('a topology server at which nothing listens', async () => {
    scene = await openScene({ ...SMALL, topology: 'refused' })
    const results = await visit(testbed, scene, {
      visitors: VISITORS,
      options: { integrity: scene.integrity },
    })

    expectAllRight(results, scene)
    expect(scene.copies()).toBe(VISITORS)
  })

  test('a topology server killed when a third is done', async () => {
    scene = await openScene({ sizeBytes: 5e6, rateBitsPerSec: 10e6 })
    const { topology, integrity, file } = scene
    let killedAt: number | null = null
    const results = await visit(testbed, scene, {
      visitors: VISITORS,
      options: { integrity },
      watchEveryMs: 50,
      watch: async (snapshots) => {
        const done = snapshots.reduce((sum, { stats }) => sum + (stats?.completedBytes ?? 0), 0)
        const share = done / (VISITORS * file.byteLength)
        if (killedAt !== null || share < 0.3) return
        killedAt = share
        await topology?.kill()
      },
    })

    expectAllRight(results, scene)
    expect(killedAt).toBeLessThan(0.9)
    // The mesh lives on: most still comes from visitors.
    expect(scene.copies()).toBeLessThanOrEqual(2)
  })

  test('browsers without WebRTC', async () => {
    scene = await openScene(SMALL)
    const initScript = 'delete globalThis.RTCPeerConnection; delete globalThis.webkitRTCPeerConnection'
    const { integrity } = scene
    const results = await visit(testbed, scene, { visitors: VISITORS, initScript, options: { integrity } })

    expectAllRight(results, scene)
    expect(scene.copies()).toBe(VISITORS)
  })

  test('browsers in which WebRTC throws', async () => {
    scene = await openScene(SMALL)
    const initScript = `globalThis.RTCPeerConnection = class { constructor() { throw new DOMException('Off', 'NotAllowedError') } }`
    const { integrity } = scene
    const results = await visit(testbed, scene, { visitors: VISITORS, initScript, options: { integrity } })

    expectAllRight(results, scene)
    expect(scene.copies()).toBeLessThanOrEqual(PLAIN_COPIES)
  })

  test.each([
    ['open() throws', `IDBFactory.prototype.open = () => { throw new DOMException('No', 'SecurityError') }`],
    ['open() fails', FAILING_OPEN],
    ['there is none', 'delete globalThis.indexedDB; delete Window.prototype.indexedDB'],
    ['open() never answers', `IDBFactory.prototype.open = () => new EventTarget()`],
  ])('browsers whose IndexedDB does not work: %s', async (_, initScript) => {
    scene = await openScene(SMALL)
    const { integrity } = scene
    const results = await visit(testbed, scene, { visitors: VISITORS, initScript, options: { integrity } })

    expectAllRight(results, scene)
    expect(results.map(({ stats }) => stats?.storage)).toEqual(results.map(() => 'memory'))
    expect(scene.copies()).toBeLessThanOrEqual(PLAIN_COPIES)
  })

  test('an origin that ignores ranges', async () => {
    scene = await openScene({ ...SMALL, origin: { ranges: false } })
    const results = await visit(testbed, scene, {
      visitors: VISITORS,
      options: { integrity: scene.integrity },
    })

    expectAllRight(results, scene)
    expect(scene.copies()).toBeLessThanOrEqual(PLAIN_COPIES)
  })

  test('an origin that breaks off every third response', async () => {
    let requests = 0
    const faults = (): { truncateAfterBytes: number } | null =>
      ++requests % 3 === 1 ? { truncateAfterBytes: 200_000 } : null
    scene = await openScene({ ...SMALL, origin: { faults } })
    const results = await visit(testbed, scene, {
      visitors: VISITORS,
      options: { integrity: scene.integrity },
    })

    expectAllRight(results, scene)
    expect(requests).toBeGreaterThan(1)
    expect(scene.copies()).toBeLessThanOrEqual(PLAIN_COPIES)
  })

  test('a visitor who leaves half-way', async () => {
    scene = await openScene({ sizeBytes: 8e6, rateBitsPerSec: 10e6 })
    const { integrity } = scene
    const leaving = await testbed.openPages(1)
    const [page] = leaving.pages
    await page?.evaluate((job) => window.agent.start(job), {
      system: 'swarm' as const,
      url: scene.url,
      options: { ...scene.topologyOption, integrity },
    })
    const results = await visit(testbed, scene, {
      visitors: VISITORS - 1,
      options: { integrity },
      watchEveryMs: 50,
      watch: async ([first]) => {
        if ((first?.stats?.completedBytes ?? 0) > 2.4e6) await leaving.close()
      },
    })

    expectAllRight(results, scene)
    expect(scene.copies()).toBeLessThanOrEqual(2)
  })
})
