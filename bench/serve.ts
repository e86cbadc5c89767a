/**
 * What visitors of a run download from: the shaped origin, and what their system needs beside it. Each in a process of its
 * own, so that serving does not take turns with whoever measures.
 */

import type { Job, SystemName } from '../testbed/page-agent.ts'
import {
  type OriginProcess,
  type ServerProcess,
  startOriginProcess,
  startProcess,
  startTopologyProcess,
  text,
} from '../testbed/processes.ts'
import type { TestbedOptions } from '../testbed/testbed.ts'
import { webtorrentBuildPath } from './packages.ts'

export interface ServeOptions {
  readonly system: SystemName
  readonly sizeBytes: number
  readonly seed: number
  /** Of all the origin's responses together; null: unlimited. */
  readonly originBitsPerSec: number | null
  /** Default 127.0.0.1. */
  readonly host?: string
}

export interface Served {
  readonly origin: OriginProcess
  /** What each visitor is to do. */
  readonly job: Job
  readonly stop: () => Promise<void>
}

/** Longer than any run: whoever has the file stays till all have it, whatever the system. */
const STAY_MS = 86_400_000

export async function serve(options: ServeOptions): Promise<Served> {
  const { system, sizeBytes, seed, originBitsPerSec: rateBitsPerSec } = options
  const host = options.host ?? '127.0.0.1'
  const origin = await startOriginProcess({ name: 'sample.bin', sizeBytes, seed, rateBitsPerSec, host })
  try {
    const { beside, options: own } = await STARTERS[system](origin, { ...options, host })
    const stop = async (): Promise<void> => {
      await beside?.kill()
      await origin.kill()
    }
    return { origin, job: { system, url: origin.url, options: own }, stop }
  } catch (error) {
    await origin.kill()
    throw error
  }
}

/** What the pages of a system need to be there. */
export function pagesOf(system: SystemName): Pick<TestbedOptions, 'scripts' | 'files'> {
  if (system !== 'webtorrent') return {}
  return { scripts: ['bench/webtorrent-page.ts'], files: { '/webtorrent.js': webtorrentBuildPath } }
}

interface Started {
  /** Null: the system needs nothing but the origin. */
  readonly beside: ServerProcess | null
  readonly options: Readonly<Record<string, unknown>>
}

type Starter = (origin: OriginProcess, options: ServeOptions & { readonly host: string }) => Promise<Started>

const STARTERS: Readonly<Record<SystemName, Starter>> = {
  http: () => Promise.resolve({ beside: null, options: {} }),
  swarm: async ({ integrity }, { host }) => {
    const beside = await startTopologyProcess(host)
    const upload = { seedForMs: STAY_MS }
    return { beside, options: { topology: beside.url, integrity, upload } }
  },
  webtorrent: async ({ url }, { host, sizeBytes, seed }) => {
    const torrent = { host, sizeBytes, seed, webSeed: url }
    const beside = await startProcess('bench/webtorrent-process.ts', [JSON.stringify(torrent)])
    return { beside, options: { torrent: text(beside.ready, 'torrent') } }
  },
}
