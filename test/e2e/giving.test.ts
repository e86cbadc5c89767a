/**
 * What visitors give each other: those who stay after they are done, those who give nothing, and those who give no more
 * than so much.
 */

import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'

import type { DownloadOptions, DownloadStats, UploadOptions } from '../../src/index.ts'
import { openTestbed, type OpenPages, type Testbed } from '../../testbed/testbed.ts'
import { openScene, type Scene, type SceneOptions } from './harness.ts'

/** So slow, in bits a second, that what comes in spite of it comes from visitors. */
const TRICKLE = 8_000

/** Hardly ever goes to the origin, however fast that is. */
const FROM_PEERS: DownloadOptions = { originLoad: 0.001 }

const FREE_RIDER: DownloadOptions = { upload: { maxRatio: 0 } }

const WITHIN = { timeout: 60_000, interval: 50 }

let testbed: Testbed
let scene: Scene
let opened: OpenPages

beforeAll(async () => {
  testbed = await openTestbed()
})
afterAll(() => testbed.close())
afterEach(async () => {
  await opened.close()
  await scene.close()
})

/** An origin, and so many pages that have not started. */
async function prepare(options: SceneOptions, visitors: number): Promise<Page[]> {
  scene = await openScene(options)
  opened = await testbed.openPages(visitors)
  return [...opened.pages]
}

async function start(page: Page, own: DownloadOptions = {}): Promise<void> {
  const { url, topologyOption, integrity } = scene
  const options = { ...topologyOption, integrity, ...own }
  await page.evaluate((job) => window.agent.start(job), { system: 'swarm' as const, url, options })
}

async function statsOf(page: Page): Promise<DownloadStats> {
  const { stats } = await page.evaluate(() => window.agent.snapshot())
  if (stats === null) throw new Error('It has not started.')
  return stats
}

/** Waits till it has the file, byte for byte. */
async function finish(page: Page): Promise<DownloadStats> {
  const { error } = await page.evaluate(() => window.agent.outcome())
  expect(error).toBeNull()
  expect(`sha256-${await page.evaluate(() => window.agent.sha256())}`).toBe(scene.integrity)
  return statsOf(page)
}

/** The first page has the file, and the origin has next to nothing left for whoever comes later. */
async function holderAndLater(sizeBytes: number, upload: UploadOptions): Promise<readonly [Page, Page]> {
  const [holder, later] = await prepare({ sizeBytes, rateBitsPerSec: 50e6 }, 2)
  if (holder === undefined || later === undefined) throw new Error('No page was opened.')
  await start(holder, { upload })
  await finish(holder)
  scene.origin.setRate(TRICKLE)
  scene.origin.resetStats()
  return [holder, later]
}

describe('a visitor that has the file', () => {
  test('stays, and gives all of it to whoever comes later', async () => {
    const [holder, later] = await holderAndLater(3e6, { seedForMs: 600_000 })
    await start(later, FROM_PEERS)
    const { bytesFromPeers } = await finish(later)

    expect(scene.copies()).toBeLessThan(0.1)
    expect(bytesFromPeers).toBeGreaterThan(0.9 * scene.file.byteLength)
    expect((await statsOf(holder)).bytesUploaded).toBe(bytesFromPeers)
  })

  test('is gone at once where it is not to stay: the origin sends another copy', async () => {
    const [holder, later] = await holderAndLater(3e6, { seedForMs: 0 })
    scene.origin.setRate(50e6)
    await start(later)
    const { bytesFromPeers } = await finish(later)

    expect(bytesFromPeers).toBe(0)
    expect(scene.copies()).toBe(1)
    expect((await statsOf(holder)).bytesUploaded).toBe(0)
  })

  test('gives no more than its ratio, and leaves then', async () => {
    const [holder, later] = await holderAndLater(3e6, { maxRatio: 0.5 })
    await start(later)
    const halfGiven = async (): Promise<number> => (await statsOf(holder)).bytesUploaded
    await expect.poll(halfGiven, WITHIN).toBeGreaterThanOrEqual(0.5 * scene.file.byteLength)
    const neighbours = async (): Promise<number> => (await statsOf(later)).neighbours.length
    await expect.poll(neighbours, WITHIN).toBe(0)
    scene.origin.setRate(50e6)
    await finish(later)

    // The chunks under way still go out: two at a time, of 64 KiB.
    expect(await halfGiven()).toBeLessThanOrEqual(0.5 * scene.file.byteLength + 2 * 65_536)
    expect(scene.copies()).toBeGreaterThan(0.4)
    expect(scene.copies()).toBeLessThan(0.6)
  })

  test('and is told to go while nobody else has it hands on for two seconds what would be gone', async () => {
    const [holder, later] = await holderAndLater(2e6, { maxBytesPerSec: 1e6 })
    await start(later)
    const got = async (): Promise<number> => (await statsOf(later)).bytesFromPeers
    await expect.poll(got, WITHIN).toBeGreaterThan(0)
    const before = await got()
    await holder.evaluate(() => window.agent.release())
    const neighbours = async (): Promise<number> => (await statsOf(later)).neighbours.length
    await expect.poll(neighbours, WITHIN).toBe(0)
    const after = await got()
    scene.origin.setRate(50e6)
    await finish(later)

    expect(after - before).toBeGreaterThan(0.25 * scene.file.byteLength)
    expect(scene.copies() + after / scene.file.byteLength).toBeLessThan(1.2)
  })

  test('gives no more a second than it is allowed to', async () => {
    const maxBytesPerSec = 300_000
    const [holder, later] = await holderAndLater(1.5e6, { maxBytesPerSec })
    await start(later, FROM_PEERS)
    const { elapsedMs, bytesFromPeers } = await finish(later)
    const { bytesUploaded } = await statsOf(holder)

    expect(bytesFromPeers).toBeGreaterThan(0.9 * scene.file.byteLength)
    // A quarter of a second is made up for, and one block is always on its way.
    const mostBytes = maxBytesPerSec * (elapsedMs / 1000 + 0.25) + 65_536
    expect(bytesUploaded).toBeLessThanOrEqual(mostBytes)
  })
})

function isFreeRider(index: number): boolean {
  return index % 3 === 1
}

describe('eight visitors of whom three give nothing', () => {
  test('all get the right bytes, for little more than a copy', async () => {
    const pages = await prepare({ sizeBytes: 8e6, rateBitsPerSec: 10e6 }, 8)
    await Promise.all(pages.map((page, index) => start(page, isFreeRider(index) ? FREE_RIDER : {})))
    const stats = await Promise.all(pages.map((page) => finish(page)))
    const riders = stats.filter((_, index) => isFreeRider(index))
    const givers = stats.filter((_, index) => !isFreeRider(index))

    expect(riders.map(({ bytesUploaded }) => bytesUploaded)).toEqual([0, 0, 0])
    const given = givers.reduce((sum, { bytesUploaded }) => sum + bytesUploaded, 0)
    expect(given).toBeGreaterThan(4 * scene.file.byteLength)
    expect(scene.copies()).toBeLessThan(3)
  })
})
