import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { Assembly } from '../../../src/browser/assembly.ts'
import { BLOCK_BYTES, Uploader } from '../../../src/browser/uploader.ts'
import { DEFAULT_LINKS_SETTINGS } from '../../../src/browser/webrtc-links.ts'
import type { SessionInput } from '../../../src/core/session-io.ts'
import type { PeerId } from '../../../src/core/types.ts'
import { BLOCK_HEADER_BYTES, decodePeerFrame } from '../../../src/core/wire/peer-codec.ts'
import type { Bytes, Clock, Links } from '../../../src/ports.ts'
import { chunkOf, type Gate, geometryOf, newBuffer, newGate, settle } from './chunks.ts'

const ANNA = '0000000000000001' as PeerId
const BERT = '0000000000000002' as PeerId
const GEOMETRY = geometryOf(4, 500_000)

/** Links whose bytes stay unsent until the test sends them. */
class Pipes implements Links {
  readonly highWaterBytes = 300_000
  readonly frames = new Map<PeerId, Bytes[]>()
  readonly unsent = new Map<PeerId, number>()
  frameBytes = 262_144

  /** Unsent bytes at which it is to be woken. */
  readonly wakes = new Map<PeerId, number>()

  wakeAt(peer: PeerId, unsentBytes: number): void {
    this.wakes.set(peer, unsentBytes)
  }

  configure(): void {}
  connect(): void {}
  signal(): void {}
  close(): void {}
  closeAll(): void {}

  send(peer: PeerId, frame: Bytes): void {
    this.frames.set(peer, [...this.framesTo(peer), frame.slice()])
    this.unsent.set(peer, this.unsentBytes(peer) + frame.byteLength)
  }

  framesTo(peer: PeerId): Bytes[] {
    return this.frames.get(peer) ?? []
  }

  unsentBytes(peer: PeerId): number {
    return this.unsent.get(peer) ?? 0
  }

  maxFrameBytes(): number {
    return this.frameBytes
  }
}

/** Time that the test lets pass. */
class HandClock implements Clock {
  atMs = 0
  alarmMs: number | null = null
  private ring: () => void = () => {}

  nowMs(): number {
    return this.atMs
  }

  setAlarm(atMs: number | null, ring: () => void): void {
    this.alarmMs = atMs
    this.ring = ring
  }

  /** Goes on to the next alarm; false where none is set. */
  next(): boolean {
    if (this.alarmMs === null) return false
    this.atMs = this.alarmMs
    this.alarmMs = null
    this.ring()
    return true
  }
}

class Setting {
  readonly clock = new HandClock()
  readonly links = new Pipes()
  readonly fed: SessionInput[] = []
  readonly uploader: Uploader
  sentBytes = 0
  /** What reading a chunk waits for. */
  readGate: Gate | null = null

  constructor(read: (chunk: number) => Promise<Bytes | null> = async (chunk) => chunkOf(GEOMETRY, chunk)) {
    this.uploader = new Uploader({
      links: this.links,
      clock: this.clock,
      feed: (input) => this.fed.push(input),
      read: async (chunk) => {
        await this.readGate?.passed
        return read(chunk)
      },
      sent: (_peer, bytes) => {
        this.sentBytes += bytes
      },
    })
  }

  /** The network takes all that waits for it. */
  async drain(peer: PeerId): Promise<void> {
    this.links.unsent.set(peer, 0)
    this.uploader.drained(peer)
    await settle()
  }

  async drainUntilServed(peer: PeerId): Promise<void> {
    for (let turns = 0; turns < 1000 && this.fed.length === 0; turns++) await this.drain(peer)
  }

  /** The chunk that these frames make, put together as its receiver would; null where it is not whole. */
  received(peer: PeerId, chunk: number): Bytes | null {
    const assembly = new Assembly(GEOMETRY, newBuffer)
    const source = { kind: 'peer', peer } as const
    let nextByte = 0
    for (const frame of this.links.framesTo(peer)) {
      const message = decodePeerFrame(frame)
      if (message?.type !== 'block' || message.chunk !== chunk)
        throw new Error('Another frame than expected.')
      expect(message.offsetBytes).toBe(nextByte)
      nextByte += message.payload.byteLength
      assembly.add(chunk, source, message.offsetBytes, message.payload)
    }
    return nextByte === GEOMETRY.lengthBytes(chunk) ? assembly.get(chunk, source) : null
  }
}

describe('serving a chunk', () => {
  it('sends it whole, in order, in blocks that the link takes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 5_000, max: 300_000 }), fc.nat(3), async (frameBytes, chunk) => {
        const setting = new Setting()
        setting.links.frameBytes = frameBytes
        setting.uploader.serve(ANNA, chunk)
        await settle()
        await setting.drainUntilServed(ANNA)
        expect(setting.fed).toEqual([{ type: 'served', peer: ANNA, chunk }])
        expect(
          Buffer.compare(setting.received(ANNA, chunk) ?? Buffer.alloc(0), chunkOf(GEOMETRY, chunk)),
        ).toBe(0)
        const longest = Math.max(...setting.links.framesTo(ANNA).map((frame) => frame.byteLength))
        expect(longest).toBeLessThanOrEqual(Math.min(frameBytes, BLOCK_BYTES + BLOCK_HEADER_BYTES))
        expect(setting.sentBytes).toBe(GEOMETRY.lengthBytes(chunk))
      }),
      { numRuns: 10 },
    )
  })

  it('waits where the link is full, and goes on when it has drained', async () => {
    const setting = new Setting()
    setting.uploader.serve(ANNA, 0)
    await settle()
    expect(setting.links.framesTo(ANNA)).toHaveLength(2)
    await settle()
    expect(setting.links.framesTo(ANNA)).toHaveLength(2)
    await setting.drain(ANNA)
    expect(setting.links.framesTo(ANNA)).toHaveLength(4)
  })

  it('is done when its last block is with the network, not before', async () => {
    const setting = new Setting()
    setting.links.unsent.set(ANNA, 250_000)
    setting.uploader.serve(ANNA, 0)
    await settle()
    await setting.drain(ANNA)
    setting.links.unsent.set(ANNA, 400_000)
    setting.uploader.drained(ANNA)
    await settle()
    expect(setting.fed).toEqual([])
    await setting.drainUntilServed(ANNA)
    expect(setting.fed).toEqual([{ type: 'served', peer: ANNA, chunk: 0 }])
  })

  it('to one neighbour does not wait for another’s link', async () => {
    const setting = new Setting()
    setting.links.unsent.set(ANNA, 1_000_000)
    setting.uploader.serve(ANNA, 0)
    setting.uploader.serve(BERT, 1)
    await settle()
    await setting.drainUntilServed(BERT)
    expect(setting.fed).toEqual([{ type: 'served', peer: BERT, chunk: 1 }])
    expect(setting.links.framesTo(ANNA)).toEqual([])
  })

  it.each([
    ['is not there any more', async () => null],
    ['cannot be read', () => Promise.reject(new Error('The disk is gone.'))],
  ])('that %s is impossible, and is said to be', async (_name, read) => {
    const setting = new Setting(read)
    setting.uploader.serve(ANNA, 2)
    await settle()
    expect(setting.fed).toEqual([{ type: 'unservable', peer: ANNA, chunk: 2 }])
    expect(setting.links.framesTo(ANNA)).toEqual([])
  })

  it('over a link that takes no block at all is impossible, and does not go on for ever', async () => {
    for (const frameBytes of [0, BLOCK_HEADER_BYTES]) {
      const setting = new Setting()
      setting.links.frameBytes = frameBytes
      setting.uploader.serve(ANNA, 2)
      await settle()
      expect(setting.fed).toEqual([{ type: 'unservable', peer: ANNA, chunk: 2 }])
    }
  })
})

describe('a service that is stopped', () => {
  it('while it waits for the link sends nothing more and is not reported', async () => {
    const setting = new Setting()
    setting.uploader.serve(ANNA, 0)
    await settle()
    setting.uploader.unserve(ANNA)
    await setting.drain(ANNA)
    expect(setting.links.framesTo(ANNA)).toHaveLength(2)
    expect(setting.fed).toEqual([])
  })

  it('while the chunk is read sends nothing', async () => {
    const setting = new Setting()
    const gate = newGate()
    setting.readGate = gate
    setting.uploader.serve(ANNA, 0)
    setting.uploader.unserve(ANNA)
    gate.open()
    await settle()
    expect(setting.links.framesTo(ANNA)).toEqual([])
    expect(setting.fed).toEqual([])
  })

  it('makes way for the next one', async () => {
    const setting = new Setting()
    const gate = newGate()
    setting.readGate = gate
    setting.uploader.serve(ANNA, 0)
    setting.uploader.unserve(ANNA)
    setting.uploader.serve(ANNA, 1)
    gate.open()
    await settle()
    await setting.drainUntilServed(ANNA)
    expect(setting.fed).toEqual([{ type: 'served', peer: ANNA, chunk: 1 }])
    expect(setting.received(ANNA, 1)).not.toBeNull()
  })

  it('need not have been under way', () => {
    const setting = new Setting()
    setting.uploader.unserve(ANNA)
    setting.uploader.drained(ANNA)
    expect(setting.fed).toEqual([])
  })
})

describe('what waits in all links together', () => {
  it('is no more than 128 KiB while the uplink is not known, however many are served', async () => {
    const setting = new Setting()
    setting.uploader.serve(ANNA, 0)
    setting.uploader.serve(BERT, 1)
    await settle()
    const unsent = setting.links.unsentBytes(ANNA) + setting.links.unsentBytes(BERT)
    expect(unsent).toBeGreaterThan(32 * 1024)
    expect(unsent).toBeLessThanOrEqual(128 * 1024)
    expect(setting.links.wakes.get(ANNA)).toBeLessThan(128 * 1024)
  })

  it('may be 400 ms of what the uplink has carried', async () => {
    const setting = new Setting()
    setting.uploader.serve(ANNA, 0)
    await settle()
    // 64 KiB each 20 ms: 3.2 MB/s.
    for (let turn = 0; turn < 30; turn++) {
      setting.clock.atMs += 20
      if (setting.fed.length > 0) {
        setting.fed.length = 0
        setting.uploader.serve(ANNA, 0)
      }
      await setting.drain(ANNA)
    }
    setting.links.unsent.set(ANNA, 0)
    setting.uploader.serve(BERT, 1)
    await settle()
    const unsent = setting.links.unsentBytes(ANNA) + setting.links.unsentBytes(BERT)
    expect(unsent).toBeGreaterThan(200 * 1024)
    expect(unsent).toBeLessThan(800 * 1024)
  })
})

describe('a pace', () => {
  it('lets no more go than its rate, by one timer', async () => {
    const setting = new Setting()
    setting.uploader.pace(100_000)
    setting.uploader.serve(ANNA, 0)
    setting.uploader.serve(BERT, 1)
    await settle()
    while (setting.clock.atMs < 3000 && setting.clock.next()) {
      await setting.drain(ANNA)
      await setting.drain(BERT)
    }
    expect(setting.sentBytes).toBeGreaterThan(280_000)
    expect(setting.sentBytes).toBeLessThan(340_000)
  })

  it('that is lifted lets the rest go at once', async () => {
    const setting = new Setting()
    setting.uploader.pace(10_000)
    setting.uploader.serve(ANNA, 0)
    await settle()
    expect(setting.links.framesTo(ANNA)).toHaveLength(1)
    setting.uploader.pace(null)
    await setting.drainUntilServed(ANNA)
    expect(setting.fed).toEqual([{ type: 'served', peer: ANNA, chunk: 0 }])
    expect(setting.clock.alarmMs).toBeNull()
  })
})

describe('a probe', () => {
  it('goes at once where nothing waits', () => {
    const setting = new Setting()
    setting.uploader.probe(ANNA, 7, new Uint8Array(5))
    expect(setting.links.framesTo(ANNA)).toHaveLength(1)
    expect(setting.fed).toEqual([])
  })

  it('waits for our own blocks, holds back the next ones, and is said to go only then', async () => {
    const setting = new Setting()
    setting.uploader.serve(ANNA, 0)
    await settle()
    const before = setting.links.framesTo(ANNA).length
    setting.uploader.probe(ANNA, 7, new Uint8Array(5))
    setting.links.unsent.set(ANNA, 20_000)
    setting.uploader.drained(ANNA)
    expect(setting.links.framesTo(ANNA)).toHaveLength(before)
    expect(setting.links.wakes.get(ANNA)).toBe(0)
    setting.links.unsent.set(ANNA, 0)
    setting.uploader.drained(ANNA)
    expect(setting.links.framesTo(ANNA)[before]).toHaveLength(5)
    expect(setting.fed).toEqual([{ type: 'probed', number: 7 }])
  })
})

it('leaves no more waiting in a link than a new one takes without losing a burst: 256 KiB', () => {
  expect(DEFAULT_LINKS_SETTINGS.highWaterBytes + BLOCK_BYTES).toBeLessThanOrEqual(256 * 1024)
})
