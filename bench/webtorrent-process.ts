/**
 * What WebTorrent needs beside an origin: its tracker, and the torrent, made before anybody comes. Usage:
 *
 *     tsx bench/webtorrent-process.ts '{"host":"127.0.0.1","sizeBytes":20e6,"seed":1,"webSeed":"http://…"}'
 *
 * Prints one line when the tracker listens, `{"url":"ws://…","torrent":"…"}` (base64), and runs till it is killed. The packages
 * are the bench's own: their shapes are declared here, as far as they are used.
 */

import { once } from 'node:events'
import type { EventEmitter } from 'node:events'
import type { AddressInfo, Server as NetServer } from 'node:net'

import { makeSampleFile } from '../testbed/sample-file.ts'

interface ProcessOptions {
  readonly host: string
  readonly sizeBytes: number
  readonly seed: number
  readonly webSeed: string
}

interface TrackerServer extends EventEmitter {
  readonly http: NetServer
  listen(port: number, host: string): void
}

interface TrackerPackage {
  readonly default: new (options: {
    readonly udp: boolean
    readonly http: boolean
    readonly ws: boolean
    readonly stats: boolean
  }) => TrackerServer
}

interface TorrentPackage {
  readonly default: (
    input: Buffer,
    options: {
      readonly name: string
      readonly pieceLength: number
      readonly announceList: readonly (readonly string[])[]
      readonly urlList: readonly string[]
    },
    done: (error: Error | null, torrent: Uint8Array) => void,
  ) => void
}

/**
 * Least length of a piece in bytes. The package would cut a file of 10 MB into 16 KiB; among so many pieces the search for the
 * rarest keeps a page busy for most of its time (measured: 8 visitors × 10 MB at 10 Mb/s took 132 s).
 */
const LEAST_PIECE_BYTES = 256 * 1024

// As strings, so that nobody looks for them before they are needed.
const TRACKER: string = 'bittorrent-tracker/server'
const TORRENT: string = 'create-torrent'

const options = JSON.parse(process.argv[2] ?? '{}') as ProcessOptions
const url = await startTracker(options.host)
const torrent = await makeTorrent(options, url)
console.log(JSON.stringify({ url, torrent: Buffer.from(torrent).toString('base64') }))

async function startTracker(host: string): Promise<string> {
  const { default: Server } = (await import(TRACKER)) as TrackerPackage
  // Its WebSocket server listens on the port of its HTTP server.
  const tracker = new Server({ udp: false, http: true, ws: true, stats: false })
  // It warns of visitors whose pages were closed.
  for (const event of ['warning', 'error']) tracker.on(event, (error: unknown) => console.error(error))
  tracker.listen(0, host)
  await once(tracker, 'listening')
  return `ws://${host}:${(tracker.http.address() as AddressInfo).port}`
}

/** About a thousand pieces: what the package chooses, where that is not less than the least. */
function pieceBytesOf(sizeBytes: number): number {
  return Math.max(LEAST_PIECE_BYTES, 2 ** Math.round(Math.log2(sizeBytes / 1024)))
}

async function makeTorrent(
  { sizeBytes, seed, webSeed }: ProcessOptions,
  tracker: string,
): Promise<Uint8Array> {
  const { default: createTorrent } = (await import(TORRENT)) as TorrentPackage
  const { buffer, byteOffset, byteLength } = makeSampleFile(sizeBytes, seed)
  return new Promise((resolve, reject) => {
    createTorrent(
      Buffer.from(buffer, byteOffset, byteLength),
      {
        name: 'sample.bin',
        pieceLength: pieceBytesOf(sizeBytes),
        announceList: [[tracker]],
        urlList: [webSeed],
      },
      (error, torrent) => (error === null ? resolve(torrent) : reject(error)),
    )
  })
}
