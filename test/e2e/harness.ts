/**
 * What every end-to-end test stands on: a real shaped origin, the topology server in a process of its own, one headless
 * Chromium, and visitors in isolated contexts.
 */

import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'

import { expect } from 'vitest'

import { makeManifest, type Manifest } from '../../signaling-server/manifest.ts'
import { startTopologyProcess, type TopologyProcess } from '../../testbed/processes.ts'
import { makeSampleFile } from '../../testbed/sample-file.ts'
import {
  startSampleOrigin,
  type SampleOrigin,
  type SampleOriginOptions,
} from '../../testbed/sample-origin.ts'
import type { Testbed } from '../../testbed/testbed.ts'
import { runVisitors, type VisitorResult, type VisitorsOptions } from '../../testbed/visitors.ts'
import { closedPort } from '../closed-port.ts'

export interface SceneOptions {
  readonly sizeBytes: number
  readonly rateBitsPerSec: number
  /** 'running' (default), 'refused': an address at which nothing listens, 'none': no such option. */
  readonly topology?: 'running' | 'refused' | 'none'
  readonly origin?: Omit<SampleOriginOptions, 'files' | 'rateBitsPerSec'>
}

/** One file on one origin, and the way to its swarm. */
export interface Scene {
  readonly file: Uint8Array
  readonly url: string
  /** SRI of the file. */
  readonly integrity: string
  readonly origin: SampleOrigin
  /** Null unless it runs. */
  readonly topology: TopologyProcess | null
  /** The option `topology`, where there is to be one. */
  readonly topologyOption: { readonly topology?: string }
  /** What the origin has sent, in copies of the file. */
  copies(): number
  close(): Promise<void>
}

/** Longest that any download here may take, in milliseconds: far above all of them, far below the test's own limit. */
const TIMEOUT_MS = 90_000

export async function openScene(options: SceneOptions): Promise<Scene> {
  const file = makeSampleFile(options.sizeBytes, 7)
  const { rateBitsPerSec } = options
  const origin = await startSampleOrigin({ ...options.origin, files: { 'sample.bin': file }, rateBitsPerSec })
  const wanted = options.topology ?? 'running'
  const topology = wanted === 'running' ? await startTopologyProcess() : null
  const address = wanted === 'refused' ? `ws://127.0.0.1:${await closedPort()}` : topology?.url
  return {
    file,
    url: origin.url('sample.bin'),
    integrity: integrityOf(file),
    origin,
    topology,
    topologyOption: address === undefined ? {} : { topology: address },
    copies: () => origin.stats().bytesSent / file.byteLength,
    close: async () => {
      await topology?.kill()
      await origin.close()
    },
  }
}

/** Visitors of a scene, by the library. `options` are added to the scene's own. */
export function visit(
  testbed: Testbed,
  scene: Scene,
  run: Partial<VisitorsOptions> & Pick<VisitorsOptions, 'visitors'>,
): Promise<VisitorResult[]> {
  return runVisitors(testbed, {
    system: 'swarm',
    url: scene.url,
    timeoutMs: TIMEOUT_MS,
    ...run,
    options: { ...scene.topologyOption, ...run.options },
  })
}

/** Everybody has the file, byte for byte. Says who has not, and why. */
export function expectAllRight(results: readonly VisitorResult[], scene: Scene): void {
  const seen = results.map(({ error, integrity }) => error ?? integrity)
  expect(seen).toEqual(results.map(() => scene.integrity))
}

export function integrityOf(bytes: Uint8Array): string {
  return `sha256-${createHash('sha256').update(bytes).digest('base64')}`
}

/** The manifest of these bytes. */
export function manifestOf(bytes: Uint8Array): Promise<Manifest> {
  return makeManifest({ sizeBytes: bytes.byteLength, body: Readable.from([bytes]) })
}
