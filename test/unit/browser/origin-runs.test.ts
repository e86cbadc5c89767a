import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { OriginError } from '../../../src/ports.ts'
import { chunkOf, newGate, settle } from './chunks.ts'
import { CHUNKS, FILE, GEOMETRY, Setting } from './origin-runs-setting.ts'

const OPENED = { type: 'runOpened', run: 7, sizeBytes: GEOMETRY.sizeBytes, validator: '"v1"', whole: false }

describe('a run', () => {
  it('is cut into chunks, wherever the network cuts it into pieces', async () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: FILE.length - 1 }), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        const setting = new Setting()
        await setting.fetch()
        const edges = [0, ...places.sort((a, b) => a - b), FILE.length]
        for (const [place, end] of edges.entries()) {
          const start = edges[place - 1]
          if (start !== undefined) setting.origin.send(FILE.slice(start, end))
        }
        setting.origin.end()
        await settle()
        expect(setting.delivered.map(({ chunk }) => chunk)).toEqual([0, 1, 2, 3, 4])
        for (const { chunk, bytes } of setting.delivered) expect(bytes).toEqual(chunkOf(GEOMETRY, chunk))
        expect(setting.receivedBytes).toBe(FILE.length)
        expect(setting.types.at(-1)).toBe('runEnded')
      }),
      { numRuns: 25 },
    )
  })

  it('asks for its range, and begins with its first chunk', async () => {
    const setting = new Setting()
    await setting.fetch(2, 3999)
    expect(setting.origin.ranges).toEqual([{ firstByte: 2000, lastByte: 3999 }])
    setting.origin.send(FILE.slice(2000, 4000))
    await settle()
    expect(setting.delivered).toEqual([
      { run: 7, chunk: 2, bytes: chunkOf(GEOMETRY, 2) },
      { run: 7, chunk: 3, bytes: chunkOf(GEOMETRY, 3) },
    ])
  })

  it('is told of in order: opened, bytes, a chunk that lies ready, the end', async () => {
    const setting = new Setting()
    setting.react = (input) => {
      if (input.type === 'runChunk') expect(setting.delivered.at(-1)?.chunk).toBe(input.chunk)
    }
    await setting.fetch()
    expect(setting.fed).toEqual([OPENED])
    setting.origin.send(FILE.slice(0, 1500))
    await settle()
    setting.origin.send(FILE.slice(1500))
    setting.origin.end()
    await settle()
    expect(setting.fed.slice(1)).toEqual([
      { type: 'runProgressed', run: 7, bytes: 1000 },
      { type: 'runChunk', run: 7, chunk: 0 },
      { type: 'runProgressed', run: 7, bytes: 500 },
      { type: 'runProgressed', run: 7, bytes: 500 },
      { type: 'runChunk', run: 7, chunk: 1 },
      { type: 'runProgressed', run: 7, bytes: 1000 },
      { type: 'runChunk', run: 7, chunk: 2 },
      { type: 'runProgressed', run: 7, bytes: 1000 },
      { type: 'runChunk', run: 7, chunk: 3 },
      { type: 'runProgressed', run: 7, bytes: GEOMETRY.lengthBytes(4) },
      { type: 'runChunk', run: 7, chunk: 4 },
      { type: 'runEnded', run: 7 },
    ])
  })

  it('of an origin that ignores ranges begins with the file', async () => {
    const setting = new Setting()
    setting.origin.response = { kind: 'whole' }
    await setting.fetch()
    expect(setting.fed).toEqual([{ ...OPENED, whole: true }])
    setting.origin.send(FILE.slice(0, 1000))
    await settle()
    expect(setting.delivered.map(({ chunk }) => chunk)).toEqual([0])
  })

  it('brings no more chunks than the file has', async () => {
    const setting = new Setting()
    await setting.fetch()
    setting.origin.send(new Uint8Array(FILE.length + 5000))
    setting.origin.end()
    await settle()
    expect(setting.delivered).toHaveLength(CHUNKS)
  })

  it('of a part brings no chunk beyond it', async () => {
    const setting = new Setting()
    await setting.fetch(1, GEOMETRY.firstByte(3) - 1)
    setting.origin.send(FILE.slice(1000))
    setting.origin.end()
    await settle()
    expect(setting.delivered.map(({ chunk }) => chunk)).toEqual([1, 2])
  })

  it('of unknown length is read by way of one buffer', async () => {
    const setting = ignorant()
    await setting.fetch()
    for (let start = 0; start < FILE.length; start += 7) setting.origin.send(FILE.slice(start, start + 7))
    setting.origin.end()
    await settle()
    expect(setting.fed.filter(({ type }) => type === 'runProgressed')).toHaveLength(
      Math.ceil(FILE.length / 7),
    )
    expect(setting.delivered).toHaveLength(CHUNKS)
  })

  it('reads no further than there is room for', async () => {
    const setting = new Setting()
    const gate = newGate()
    setting.roomGate = gate
    await setting.fetch()
    setting.origin.send(FILE.slice(0, 1000))
    await settle()
    const pulls = setting.origin.pulls
    setting.origin.send(FILE.slice(1000, 2000))
    await settle()
    expect(setting.delivered).toHaveLength(1)
    expect(setting.origin.pulls).toBe(pulls)
    gate.open()
    await settle()
    expect(setting.delivered).toHaveLength(2)
  })
})

describe('a run that fails', () => {
  it('before the headers says why', async () => {
    const setting = new Setting()
    setting.origin.failure = new OriginError('busy', 'Later.', { status: 503, retryAfterMs: 9000 })
    await setting.fetch()
    expect(setting.fed).toEqual([
      { type: 'runFailed', run: 7, failure: 'busy', status: 503, retryAfterMs: 9000 },
    ])
  })

  it('in the middle says why, and drops what it has of a chunk', async () => {
    const setting = new Setting()
    await setting.fetch()
    setting.origin.send(FILE.slice(0, 1999))
    await settle()
    setting.origin.break(new OriginError('unreachable', 'Gone.'))
    await settle()
    expect(setting.fed.at(-1)).toEqual({
      type: 'runFailed',
      run: 7,
      failure: 'unreachable',
      status: null,
      retryAfterMs: null,
    })
    expect(setting.delivered.map(({ chunk }) => chunk)).toEqual([0])
    expect(setting.types).not.toContain('runEnded')
  })

  it('for a reason that nobody foresaw counts as unreachable', async () => {
    const setting = new Setting()
    setting.origin.failure = new TypeError('Failed to fetch')
    await setting.fetch()
    expect(setting.fed).toMatchObject([{ type: 'runFailed', failure: 'unreachable' }])
  })
})

describe('a run whose bytes nobody can take', () => {
  it('is closed, and says so', async () => {
    const setting = new Setting()
    setting.deliver = () => {
      throw new RangeError('There is no memory.')
    }
    await setting.fetch()
    setting.origin.send(FILE.slice(0, 1000))
    await settle()
    expect(setting.types.at(-1)).toBe('runFailed')
    expect(setting.origin.signal?.aborted).toBe(true)
  })
})

describe('a run that is aborted', () => {
  it('while it waits for bytes brings none that come after all', async () => {
    const setting = new Setting()
    await setting.fetch()
    setting.runs.abort(7)
    setting.origin.send(FILE.slice(0, 1000))
    await settle()
    expect(setting.delivered).toEqual([])
    expect(setting.receivedBytes).toBe(0)
    expect(setting.origin.isCancelled).toBe(true)
  })

  it('before the headers is never spoken of again', async () => {
    const setting = new Setting()
    setting.runs.fetch({ type: 'fetch', run: 7, origin: 0, firstByte: 0, lastByte: null, firstChunk: 0 })
    setting.runs.abort(7)
    await settle()
    expect(setting.origin.signal?.aborted).toBe(true)
    expect(setting.fed).toEqual([])
  })

  it('by the session, on hearing of its headers, is closed unread', async () => {
    const setting = new Setting()
    setting.react = (input) => {
      if (input.type === 'runOpened') setting.runs.abort(input.run)
    }
    await setting.fetch()
    expect(setting.origin.isCancelled).toBe(true)
    expect(setting.types).toEqual(['runOpened'])
  })

  it('by the session, on a chunk, brings no other chunk of the same piece', async () => {
    const setting = new Setting()
    setting.react = (input) => {
      if (input.type === 'runChunk') setting.runs.abort(input.run)
    }
    await setting.fetch()
    setting.origin.send(FILE)
    await settle()
    expect(setting.delivered).toHaveLength(1)
    expect(setting.origin.isCancelled).toBe(true)
    expect(setting.types.at(-1)).toBe('runChunk')
  })

  it('has its failure kept quiet', async () => {
    const setting = new Setting()
    await setting.fetch()
    setting.runs.abort(7)
    setting.origin.break(new OriginError('unreachable', 'Gone.'))
    await settle()
    expect(setting.types).toEqual(['runOpened'])
  })

  it('with all others is closed', async () => {
    const setting = new Setting()
    await setting.fetch()
    setting.runs.abortAll()
    expect(setting.origin.signal?.aborted).toBe(true)
  })

  it('need not exist', () => {
    new Setting().runs.abort(99)
  })
})

/** Nothing is known of the file; the session learns it from what it is told. */
function ignorant(): Setting {
  const setting = new Setting()
  setting.geometry = null
  setting.origin.response = { kind: 'whole', sizeBytes: null, lengthBytes: null }
  setting.react = (input) => {
    if (input.type === 'runOpened' && input.sizeBytes !== null) setting.geometry = GEOMETRY
  }
  return setting
}

describe('an answer without a length', () => {
  it('is read to its end, and then has one', async () => {
    const setting = ignorant()
    await setting.fetch()
    setting.origin.send(FILE.slice(0, 2345))
    await settle()
    setting.origin.send(FILE.slice(2345))
    setting.origin.end()
    await settle()
    expect(setting.fed.filter(({ type }) => type === 'runOpened')).toEqual([{ ...OPENED, whole: true }])
    expect(setting.delivered.map(({ bytes }) => bytes)).toEqual(
      [0, 1, 2, 3, 4].map((chunk) => chunkOf(GEOMETRY, chunk)),
    )
    expect(setting.types.at(-1)).toBe('runEnded')
    expect(setting.receivedBytes).toBe(FILE.length)
  })

  it('is not silent while it is read: the session hears that bytes come', async () => {
    const setting = ignorant()
    await setting.fetch()
    setting.origin.send(FILE.slice(0, 2345))
    await settle()
    expect(setting.types).toContain('runProgressed')
  })

  it('is simply followed where the size is known', async () => {
    const setting = new Setting()
    setting.origin.response = { sizeBytes: null, lengthBytes: null }
    await setting.fetch()
    expect(setting.fed).toEqual([{ ...OPENED, sizeBytes: null }])
    setting.origin.send(FILE.slice(0, 1000))
    await settle()
    expect(setting.delivered).toHaveLength(1)
  })

  it('that breaks off before its end was for nothing', async () => {
    const setting = ignorant()
    await setting.fetch()
    setting.origin.send(FILE.slice(0, 2345))
    await settle()
    setting.origin.break(new OriginError('unreachable', 'Gone.'))
    await settle()
    expect(setting.fed.at(-1)).toMatchObject({ type: 'runFailed', failure: 'unreachable' })
    expect(setting.delivered).toEqual([])
  })
})

describe('an answer that the session cannot use', () => {
  it('is closed, not left open', async () => {
    const setting = new Setting()
    setting.geometry = null
    await setting.fetch()
    expect(setting.types).toEqual(['runOpened'])
    expect(setting.origin.isCancelled || setting.origin.signal?.aborted).toBe(true)
  })
})
