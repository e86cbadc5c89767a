/**
 * One side of `bench:polite`, in a network namespace of its own: visitors in a Chromium, and what else is on that side. At
 * home a TCP upload and an echo client; outside the origin, the topology server, a sink for TCP and an echo server.
 */

import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { connect, createServer, type Socket } from 'node:net'

import { startTopologyServer } from '../signaling-server/server.ts'
import { ECHO_PORT } from '../testbed/inner-frame.ts'
import type { Job, Snapshot } from '../testbed/page-agent.ts'
import { answerQuestions } from '../testbed/questions.ts'
import { makeSampleFile } from '../testbed/sample-file.ts'
import { startSampleOrigin, type SampleOrigin } from '../testbed/sample-origin.ts'
import { openTestbed, type OpenPages } from '../testbed/testbed.ts'

export interface HostOptions {
  readonly address: string
}

export interface Served {
  readonly url: string
  readonly integrity: string
  readonly topology: string
}

export interface Sunk {
  readonly bytes: number
  readonly atMs: number
}

export type HostAnswers = typeof answers

/** The discard protocol's port (RFC 863). */
const SINK_PORT = 9
const ECHO_EVERY_MS = 50
const UPLOAD_BLOCK = Buffer.alloc(64 * 1024)

const { address } = JSON.parse(process.argv[2] ?? '{}') as HostOptions
const testbed = await openTestbed({ say: (line) => console.error(line) })
const visitors: OpenPages[] = []
let origin: SampleOrigin | null = null
let upload: Socket | null = null
let echoes: (() => readonly number[]) | null = null
let sunkBytes = 0

const answers = {
  serve: async (sizeBytes: number): Promise<Served> => {
    const file = makeSampleFile(sizeBytes, 1)
    origin = await startSampleOrigin({ host: address, files: { 'sample.bin': file } })
    const topology = await startTopologyServer({ host: address, port: 0 })
    const integrity = `sha256-${createHash('sha256').update(file).digest('base64')}`
    listenToEchoes()
    createServer((socket) => {
      socket.on('data', (bytes) => (sunkBytes += bytes.byteLength))
      socket.on('error', () => undefined)
    }).listen(SINK_PORT, address)
    return { url: origin.url('sample.bin'), integrity, topology: topology.url }
  },
  setOriginRate: (bitsPerSec: number): void => origin?.setRate(bitsPerSec),
  sunk: (): Sunk => ({ bytes: sunkBytes, atMs: performance.now() }),

  /** Opens a page and starts the job in it. */
  visit: async (job: Job): Promise<void> => {
    const opened = await testbed.openPages(1)
    visitors.push(opened)
    await opened.pages[0]?.evaluate((job) => window.agent.start(job), job)
  },
  snapshots: (): Promise<Snapshot[]> =>
    Promise.all(
      visitors.flatMap(({ pages }) => pages.map((page) => page.evaluate(() => window.agent.snapshot()))),
    ),
  /** All who visit from here are gone. */
  leave: async (): Promise<void> => {
    for (const visitor of visitors.splice(0)) await visitor.close()
  },

  startUpload: (to: string): void => {
    const socket = connect(SINK_PORT, to)
    const fill = (): void => {
      while (socket.write(UPLOAD_BLOCK));
    }
    socket.on('connect', fill)
    socket.on('drain', fill)
    socket.on('error', () => undefined)
    upload = socket
  },
  stopUpload: (): void => void upload?.destroy(),

  startEchoes: (of: string): void => {
    echoes = sendEchoes(of)
  },
  /** Round trips in ms, of those that came back. */
  stopEchoes: (): readonly number[] => echoes?.() ?? [],

  close: (): Promise<void> => testbed.close(),
}
answerQuestions(answers)
console.log('{}')

function listenToEchoes(): void {
  const socket = createSocket('udp4')
  socket.on('message', (message, { port, address: from }) => socket.send(message, port, from))
  socket.bind(ECHO_PORT, address)
}

/** Returns what ends it. */
function sendEchoes(of: string): () => readonly number[] {
  const socket = createSocket('udp4')
  const roundTripsMs: number[] = []
  socket.on('message', (message) => roundTripsMs.push(performance.now() - message.readDoubleBE(0)))
  const timer = setInterval(() => {
    const message = Buffer.alloc(64)
    message.writeDoubleBE(performance.now(), 0)
    socket.send(message, ECHO_PORT, of)
  }, ECHO_EVERY_MS)
  return () => {
    clearInterval(timer)
    socket.close()
    return roundTripsMs
  }
}
