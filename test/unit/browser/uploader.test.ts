import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { Assembly } from '../../../src/browser/assembly.ts'
import { Uploader } from '../../../src/browser/uploader.ts'
import type { SessionInput } from '../../../src/core/session-io.ts'
import type { PeerId } from '../../../src/core/types.ts'
import { MAX_BLOCK_BYTES } from '../../../src/core/wire/limits.ts'
import { BLOCK_HEADER_BYTES, decodePeerFrame } from '../../../src/core/wire/peer-codec.ts'
import type { Bytes, Links } from '../../../src/ports.ts'
import { chunkOf, type Gate, geometryOf, newGate, settle } from './chunks.ts'

const ANNA = '0000000000000001' as PeerId
const BERT = '0000000000000002' as PeerId
const GEOMETRY = geometryOf(4, 500_000)

/** Links whose bytes stay unsent until the test sends them. */
class Pipes implements Links {
  readonly highWaterBytes = 300_000
  readonly frames = new Map<PeerId, Bytes[]>()
  readonly unsent = new Map<PeerId, number>()
  frameBytes = 262_144

  configure(): void {}
  connect(): void {}
  signal(): void {}
  close(): void {}
  closeAll(): void {}

  send(peer: PeerId, frame: Bytes): void {
    this.frames.set(peer, [...this.framesTo(peer), frame])
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

class Setting {
  readonly links = new Pipes()
  readonly fed: SessionInput[] = []
  readonly uploader: Uploader
  sentBytes = 0
  /** What reading a chunk waits for. */
  readGate: Gate | null = null

  constructor(read: (chunk: number) => Promise<Bytes | null> = async (chunk) => chunkOf(GEOMETRY, chunk)) {
    this.uploader = new Uploader({
      links: this.links,
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
    const assembly = new Assembly(GEOMETRY)
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
        expect(longest).toBeLessThanOrEqual(Math.min(frameBytes, MAX_BLOCK_BYTES + BLOCK_HEADER_BYTES))
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
    expect(setting.links.framesTo(ANNA)).toHaveLength(3)
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
