import { createHash } from 'node:crypto'

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { FileCheck } from '../../../src/browser/file-check.ts'
import { createHasher } from '../../../src/browser/hasher.ts'
import { SpareBuffers } from '../../../src/browser/spare-buffers.ts'
import { type Bytes, type FileHash, HashLostError } from '../../../src/ports.ts'
import { chunkOf, fileBytes, type Gate, geometryOf, newGate, settle } from './chunks.ts'

const CHUNKS = 6
const GEOMETRY = geometryOf(CHUNKS)
const ALL = Array.from({ length: CHUNKS }, (_, chunk) => chunk)
const hasher = createHasher()

function digestOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest())
}

/** Chunks that are kept, and a check that reads them. */
class Shelf {
  readonly check: FileCheck
  readonly chunks = new Map<number, Bytes>()
  readonly spares = new SpareBuffers()
  /** Every read of a chunk, in order. */
  readonly reads: number[] = []
  /** Reads of these chunks wait. */
  readonly gates = new Map<number, Gate>()

  constructor(chunkCount = CHUNKS, newHash = () => hasher.createFileHash('sha256', 0)) {
    this.check = new FileCheck({
      chunkCount,
      newHash,
      isKept: (chunk) => this.chunks.has(chunk),
      borrow: async (chunk) => {
        this.reads.push(chunk)
        const bytes = this.chunks.get(chunk)
        await this.gates.get(chunk)?.passed
        return bytes === undefined ? null : this.spares.lend(bytes)
      },
    })
  }

  keep(chunk: number, version = 0): void {
    this.chunks.set(chunk, chunkOf(GEOMETRY, chunk, version))
    this.check.advance()
  }

  forget(chunk: number): void {
    this.chunks.delete(chunk)
    this.check.forget(chunk)
  }

  keepAll(): void {
    for (let chunk = 0; chunk < CHUNKS; chunk++) this.keep(chunk)
  }
}

const WHOLE = digestOf(fileBytes(GEOMETRY))

describe('the hash of the whole file', () => {
  it('is right, in whatever order the chunks come', async () => {
    const order = fc.shuffledSubarray(ALL, { minLength: CHUNKS })
    await fc.assert(
      fc.asyncProperty(order, async (chunks) => {
        const shelf = new Shelf()
        for (const chunk of chunks) {
          shelf.keep(chunk)
          if (chunk % 2 === 0) await settle()
        }
        expect(await shelf.check.finish()).toEqual(WHOLE)
      }),
      { numRuns: 20 },
    )
  })

  it('is taken while chunks still arrive, each read once', async () => {
    const shelf = new Shelf()
    for (const chunk of [1, 0, 2]) shelf.keep(chunk)
    await settle()
    expect(shelf.reads).toEqual([0, 1, 2])
    for (const chunk of [5, 3, 4]) shelf.keep(chunk)
    expect(await shelf.check.finish()).toEqual(WHOLE)
    expect(shelf.reads).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('awaits what it has not taken, and nothing once it has ended, until a chunk was given up', async () => {
    const shelf = new Shelf()
    const awaited = (): number[] => ALL.filter((chunk) => shelf.check.awaits(chunk))
    expect(awaited()).toEqual(ALL)
    for (const chunk of [0, 1, 4]) shelf.keep(chunk)
    await settle()
    expect(awaited()).toEqual([2, 3, 4, 5])
    for (const chunk of [2, 3, 5]) shelf.keep(chunk)
    await shelf.check.finish()
    expect(awaited()).toEqual([])
    shelf.forget(3)
    shelf.keep(3)
    expect(awaited()).not.toEqual([])
    expect(await shelf.check.finish()).toEqual(WHOLE)
    shelf.check.close()
    expect(awaited()).toEqual([])
  })

  it('reads four chunks ahead, and no more', async () => {
    const shelf = new Shelf()
    const gate = newGate()
    shelf.gates.set(0, gate)
    for (const chunk of [5, 4, 3, 2, 1, 0]) shelf.keep(chunk)
    await settle()
    expect(shelf.reads).toEqual([0, 1, 2, 3])
    gate.open()
    expect(await shelf.check.finish()).toEqual(WHOLE)
  })

  it('of an empty file is the hash of nothing', async () => {
    expect(await new Shelf(0).check.finish()).toEqual(digestOf(new Uint8Array(0)))
  })

  it('can be taken again', async () => {
    const shelf = new Shelf()
    shelf.keepAll()
    expect(await shelf.check.finish()).toEqual(WHOLE)
    expect(await shelf.check.finish()).toEqual(WHOLE)
  })

  it('does not exist while a chunk is missing', async () => {
    const shelf = new Shelf()
    shelf.keepAll()
    shelf.forget(CHUNKS - 1)
    expect(await shelf.check.finish()).toBeNull()
    shelf.keep(CHUNKS - 1)
    expect(await shelf.check.finish()).toEqual(WHOLE)
  })

  it('does not exist where a chunk cannot be read', async () => {
    const shelf = new Shelf()
    shelf.keepAll()
    await settle()
    const check = new FileCheck({
      chunkCount: CHUNKS,
      newHash: () => hasher.createFileHash('sha256', 0),
      isKept: () => true,
      borrow: async (chunk) => (chunk === 3 ? null : new SpareBuffers().lend(chunkOf(GEOMETRY, chunk))),
    })
    expect(await check.finish()).toBeNull()
  })
})

describe('a chunk that is given up', () => {
  it('after it was hashed starts the hash anew, so that its replacement counts', async () => {
    const shelf = new Shelf()
    for (const chunk of [0, 2, 3, 4, 5]) shelf.keep(chunk)
    shelf.keep(1, 1)
    await settle()
    shelf.forget(1)
    shelf.keep(1)
    expect(await shelf.check.finish()).toEqual(WHOLE)
  })

  it('after it was read ahead is not hashed as it was', async () => {
    const shelf = new Shelf()
    const gate = newGate()
    shelf.gates.set(0, gate)
    for (const chunk of [3, 2, 1, 0]) shelf.keep(chunk, chunk === 3 ? 1 : 0)
    await settle()
    expect(shelf.reads).toEqual([0, 1, 2, 3])
    shelf.forget(3)
    for (const chunk of [3, 4, 5]) shelf.keep(chunk)
    gate.open()
    expect(await shelf.check.finish()).toEqual(WHOLE)
  })

  it('before it was hashed costs nothing', async () => {
    const shelf = new Shelf()
    for (const chunk of [0, 1, 4]) shelf.keep(chunk)
    await settle()
    shelf.forget(4)
    for (const chunk of [2, 3, 4, 5]) shelf.keep(chunk)
    expect(await shelf.check.finish()).toEqual(WHOLE)
    expect(shelf.reads).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('while it is being read is not hashed', async () => {
    const shelf = new Shelf()
    const gate = newGate()
    shelf.gates.set(1, gate)
    shelf.keep(0)
    shelf.keep(1, 1)
    await settle()
    expect(shelf.reads).toEqual([0, 1])
    shelf.forget(1)
    shelf.gates.delete(1)
    shelf.keepAll()
    gate.open()
    expect(await shelf.check.finish()).toEqual(WHOLE)
  })

  it('while the end is awaited, and comes again, is not hashed twice', async () => {
    const shelf = new Shelf()
    const gate = newGate()
    shelf.keepAll()
    await settle()
    shelf.check.restart()
    shelf.gates.set(3, gate)
    const finished = shelf.check.finish()
    await settle()
    shelf.forget(5)
    shelf.keep(5)
    await settle()
    gate.open()
    expect(await finished).toEqual(WHOLE)
  })
})

/** A hash that is lost at this call, counted from its beginning. */
class FaultyHash implements FileHash {
  isClosed = false
  private readonly hash: FileHash
  private readonly lostAt: number
  private calls = 0

  constructor(hash: FileHash, lostAt: number) {
    this.hash = hash
    this.lostAt = lostAt
  }

  async update(bytes: Uint8Array): Promise<void> {
    await this.go()
    await this.hash.update(bytes)
  }

  async digest(): Promise<Uint8Array> {
    await this.go()
    return this.hash.digest()
  }

  close(): void {
    this.isClosed = true
  }

  private async go(): Promise<void> {
    await Promise.resolve()
    if (this.calls++ === this.lostAt) throw new HashLostError('Lost.')
  }
}

describe('a hash that is lost', () => {
  it.each([0, 1, 3, 5, 6])('at its call %i is begun anew, and closed', async (lostAt) => {
    const made: FaultyHash[] = []
    const check = new FileCheck({
      chunkCount: CHUNKS,
      newHash: async () => {
        const hash = new FaultyHash(
          await hasher.createFileHash('sha256', 0),
          made.length === 0 ? lostAt : Infinity,
        )
        made.push(hash)
        return hash
      },
      isKept: () => true,
      borrow: async (chunk) => new SpareBuffers().lend(chunkOf(GEOMETRY, chunk)),
    })
    check.advance()
    expect(await check.finish()).toEqual(WHOLE)
    expect(made.map(({ isClosed }) => isClosed)).toEqual([true, true])
  })
})

/** Hashes that wait at the end of each update, and before the digest, until they are let on. */
class SlowHashes {
  calls = 0
  letOn: () => void = () => {}

  readonly begin = async (): Promise<FileHash> => {
    const hash = await hasher.createFileHash('sha256', 0)
    return {
      update: async (bytes) => {
        await hash.update(bytes)
        await this.wait()
      },
      digest: async () => {
        await this.wait()
        return hash.digest()
      },
      close: () => hash.close(),
    }
  }

  private async wait(): Promise<void> {
    this.calls++
    await new Promise<void>((resolve) => (this.letOn = resolve))
  }
}

describe('a hash that takes its time', () => {
  it('is begun anew where the chunk that it is at is given up', async () => {
    const hashes = new SlowHashes()
    const shelf = new Shelf(CHUNKS, hashes.begin)
    shelf.keep(0, 1)
    await settle()
    expect(hashes.calls).toBe(1)
    shelf.forget(0)
    hashes.letOn()
    await settle()
    shelf.keepAll()
    const finished = shelf.check.finish()
    for (let call = 0; call <= CHUNKS; call++) {
      await settle()
      hashes.letOn()
    }
    expect(await finished).toEqual(WHOLE)
  })

  it('does not count where a chunk is given up while it ends', async () => {
    const hashes = new SlowHashes()
    const shelf = new Shelf(CHUNKS, hashes.begin)
    for (const chunk of ALL) shelf.keep(chunk, chunk === 2 ? 1 : 0)
    const finished = shelf.check.finish()
    while (hashes.calls <= CHUNKS) {
      hashes.letOn()
      await settle()
    }
    shelf.forget(2)
    shelf.keep(2)
    for (let call = 0; call <= CHUNKS + 1; call++) {
      hashes.letOn()
      await settle()
    }
    expect(await finished).toEqual(WHOLE)
  })
})

/** The same hash, which calls back when it is closed. */
function onClosing(hash: FileHash, close: () => void): FileHash {
  return { update: (bytes) => hash.update(bytes), digest: () => hash.digest(), close }
}

describe('a check that is closed', () => {
  it.each([0, 1, 3, CHUNKS])(
    'while it waits for call %i of its hash begins no other, and has no digest',
    async (waitsFor) => {
      const hashes = new SlowHashes()
      let [begun, closed] = [0, 0]
      const shelf = new Shelf(CHUNKS, async () => {
        const hash = await hashes.begin()
        begun++
        return {
          update: (bytes) => hash.update(bytes),
          digest: () => hash.digest(),
          close: () => void closed++,
        }
      })
      shelf.keepAll()
      const finished = shelf.check.finish()
      while (hashes.calls <= waitsFor) {
        hashes.letOn()
        await settle()
      }
      shelf.check.close()
      hashes.letOn()
      expect(await finished).toBeNull()
      shelf.keep(0)
      await settle()
      expect([begun, closed]).toEqual([1, 1])
    },
  )

  it('while its hash begins closes that one, too', async () => {
    const gate = newGate()
    let closed = 0
    const shelf = new Shelf(CHUNKS, async () => {
      await gate.passed
      return onClosing(await hasher.createFileHash('sha256', 0), () => void closed++)
    })
    shelf.keepAll()
    const finished = shelf.check.finish()
    await settle()
    shelf.check.close()
    gate.open()
    expect(await finished).toBeNull()
    expect(closed).toBe(1)
  })
})

describe('a defect of the hash', () => {
  it('shows to whoever waits for the end, and nothing that was begun counts', async () => {
    let made = 0
    const shelf = new Shelf(CHUNKS, async () => {
      const hash = await hasher.createFileHash('sha256', 0)
      const isFaulty = made++ === 0
      return {
        update: (bytes) => (isFaulty ? Promise.reject(new RangeError('No memory.')) : hash.update(bytes)),
        digest: () => hash.digest(),
        close: () => hash.close(),
      }
    })
    shelf.keep(0)
    await settle()
    for (const chunk of [1, 2, 3, 4, 5]) shelf.keep(chunk)
    expect(await shelf.check.finish()).toEqual(WHOLE)
  })
})

describe('two who want to know', () => {
  it('get the same digest', async () => {
    const shelf = new Shelf()
    const gate = newGate()
    shelf.gates.set(3, gate)
    shelf.keepAll()
    const both = [shelf.check.finish(), shelf.check.finish()]
    await settle()
    gate.open()
    expect(await Promise.all(both)).toEqual([WHOLE, WHOLE])
  })
})
