import { describe, expect, it } from 'vitest'

import type { RunFailure } from '../../../src/core/session-io.ts'
import { CHUNK_BYTES, digestsOf, fileOf, peer, range } from './shapes.ts'
import { firstOfTwo, loneVisitor, pick, sent, Visitor } from './visitor.ts'

const CHUNKS = 64
const FACTS = fileOf(CHUNKS)
const ANNA = peer(1)

function startedAlone(): Visitor {
  const visitor = new Visitor({ locator: null })
  visitor.start()
  return visitor
}

/** Told of a file of 64 chunks; its run reaches the end, so the origin will tell the size. */
function informed(): Visitor {
  const visitor = new Visitor()
  visitor.start()
  visitor.welcome({ joinIndex: 7, swarmSize: 8, facts: FACTS })
  return visitor
}

describe('an origin that fails', () => {
  it.each([
    ['not-found', 404],
    ['forbidden', 403],
    ['cors', null],
  ] as const)('for good (%s) ends the download at once', (failure, status) => {
    const visitor = startedAlone()
    const outputs = visitor.handle({ type: 'runFailed', run: 0, failure, status, retryAfterMs: null })
    expect(outputs).toEqual([{ type: 'failed', failure, status }])
    expect(visitor.session.nextDeadlineMs()).toBeNull()
    expect(visitor.handle({ type: 'resume' })).toEqual([])
    expect(visitor.openRun(0, FACTS.sizeBytes)).toEqual([])
  })

  it('for now is asked again, later each time', () => {
    const visitor = startedAlone()
    const pauses = range(0, 2).map((run) => {
      const failedAtMs = visitor.nowMs
      expect(visitor.failRun(run, 'unreachable')).toEqual([])
      const againAtMs = visitor.session.nextDeadlineMs() ?? Infinity
      expect(pick(visitor.passUntil(againAtMs), 'fetch')).toMatchObject([{ firstByte: 0, lastByte: null }])
      return againAtMs - failedAtMs
    })
    expect(pauses[0]).toBeGreaterThanOrEqual(250)
    expect(pauses[0]).toBeLessThan(750)
    expect(pauses[1]).toBeGreaterThanOrEqual(500)
    expect(pauses[1]).toBeLessThan(1500)
    expect(pick(visitor.failRun(2, 'unreachable'), 'failed')).toHaveLength(1)
  })

  it('goes on where it broke off, and its failures are counted anew', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.bring(0, 5)
    for (const run of range(0, 20)) {
      expect(visitor.failRun(run, 'unreachable')).toEqual([])
      expect(pick(visitor.pass(1000), 'fetch')).toMatchObject([{ run: run + 1, firstChunk: 5 + run }])
      visitor.openRun(run + 1, FACTS.sizeBytes)
      visitor.bring(run + 1, 1)
    }
    expect(visitor.kept).toEqual(range(0, 25))
    expect(visitor.all('failed')).toEqual([])
  })

  it('is left in peace for as long as it asks', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.failRun(0, 'busy', 60_000)
    expect(visitor.pass(60_000)).toEqual([])
    expect(pick(visitor.pass(1000), 'fetch')).toHaveLength(1)
  })

  it.each(['not-found', 'unreachable', 'busy', 'status'] as RunFailure[])(
    'with %s does not end the download while neighbours deliver',
    (failure) => {
      const visitor = firstOfTwo(CHUNKS)
      visitor.meet(ANNA, FACTS)
      visitor.hearHave(ANNA, range(8, CHUNKS))
      for (let attempt = 0; attempt < 12; attempt++) {
        visitor.deliver(ANNA)
        if (attempt < 4) visitor.failRun(visitor.latestRun.run, failure)
        visitor.pass(5000)
      }
      expect(visitor.all('failed')).toEqual([])
      expect(visitor.kept.length).toBeGreaterThan(4)
    },
  )

  it('is not asked while it is not due, whatever else happens', () => {
    const visitor = firstOfTwo(CHUNKS)
    visitor.meet(ANNA, FACTS)
    visitor.failRun(0, 'busy', 30_000)
    visitor.hearHave(ANNA, [50])
    visitor.deliver(ANNA)
    visitor.handle({ type: 'linkClosed', peer: ANNA })
    expect(pick(visitor.pass(20_000), 'fetch')).toEqual([])
  })
})

describe('an origin that ignores ranges', () => {
  it('sends the whole file for any part, and what is here already is not kept twice', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.bring(0, 5)
    visitor.failRun(0, 'unreachable')
    visitor.pass(1000)
    expect(visitor.latestRun.firstChunk).toBe(5)
    visitor.openRun(1, FACTS.sizeBytes, true)
    const outputs = visitor.bring(1, CHUNKS)
    expect(pick(outputs, 'discard').map(({ chunk }) => chunk)).toEqual(range(0, 5))
    expect(pick(outputs, 'complete')).toHaveLength(1)
  })

  it('is never asked for a range again', () => {
    const visitor = firstOfTwo(CHUNKS)
    visitor.meet(ANNA, FACTS)
    visitor.openRun(0, FACTS.sizeBytes, true)
    visitor.bring(0, 5)
    visitor.failRun(0, 'unreachable')
    visitor.pass(2000)
    expect(visitor.latestRun).toMatchObject({ firstByte: 0, lastByte: null })
    visitor.openRun(visitor.latestRun.run, FACTS.sizeBytes, true)
    visitor.bring(visitor.latestRun.run, CHUNKS)
    expect(visitor.all('complete')).toHaveLength(1)
    expect(visitor.all('fetch').slice(1)).toMatchObject([{ firstByte: 0, lastByte: null }])
  })

  it('has its one stream stopped once the mesh has the rest', () => {
    const visitor = firstOfTwo(CHUNKS)
    visitor.openRun(0, FACTS.sizeBytes, true)
    visitor.meet(ANNA, FACTS)
    visitor.bring(0, 20)
    visitor.hearHave(ANNA, range(21, CHUNKS))
    expect(pick(visitor.bring(0, 1), 'abort')).toHaveLength(1)
    // And not begun anew, from the first byte, as long as the mesh may deliver.
    expect(pick(visitor.pass(4000), 'fetch')).toEqual([])
    // But it has given nothing in five seconds.
    expect(pick(visitor.pass(2000), 'fetch')).toMatchObject([{ firstByte: 0, lastByte: null }])
  })
})

describe('facts that others told', () => {
  it('prove wrong where the origin has another size: all starts anew', () => {
    const visitor = informed()
    expect(visitor.openRun(0, FACTS.sizeBytes + 1)).toEqual([{ type: 'misled' }])
    expect(visitor.bring(0, 1)).toEqual([])
    expect(visitor.session.nextDeadlineMs()).toBeNull()
  })

  it('prove wrong where the origin’s file is shorter than the range', () => {
    expect(informed().failRun(0, 'range-unsatisfiable')).toEqual([{ type: 'misled' }])
  })

  it('prove wrong where the origin has another version', () => {
    expect(pick(informed().openRun(0, FACTS.sizeBytes, false, '"v2"'), 'misled')).toHaveLength(1)
  })

  it('hold where the origin confirms them; later contradictions are the origin’s own', () => {
    const visitor = informed()
    expect(visitor.openRun(0, FACTS.sizeBytes)).toEqual([])
    visitor.bring(0, 8)
    visitor.endRun(0)
    expect(visitor.openRun(visitor.latestRun.run, FACTS.sizeBytes + 1)).toEqual([
      { type: 'failed', failure: 'inconsistent', status: null },
    ])
  })
})

describe('an origin that contradicts itself', () => {
  it('about the size ends the download', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.bring(0, 5)
    visitor.failRun(0, 'unreachable')
    visitor.pass(1000)
    expect(visitor.openRun(1, FACTS.sizeBytes - 1)).toEqual([
      { type: 'failed', failure: 'inconsistent', status: null },
    ])
  })

  it('about the version ends the download: two versions are never put together', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.bring(0, 5)
    visitor.failRun(0, 'unreachable')
    visitor.pass(1000)
    visitor.openRun(1, FACTS.sizeBytes, false, '"v2"')
    visitor.bring(1, CHUNKS - 5)
    expect(visitor.all('complete')).toEqual([])
    expect(visitor.all('failed')).toEqual([{ type: 'failed', failure: 'inconsistent', status: null }])
  })

  it('about the version ends the download though others told the facts without a version', () => {
    const visitor = new Visitor()
    visitor.start()
    visitor.welcome({ joinIndex: 0, swarmSize: 2, facts: { ...FACTS, validator: null } })
    visitor.openRun(0, FACTS.sizeBytes)
    visitor.bring(0, 8)
    visitor.endRun(0)
    const { run, firstChunk } = visitor.latestRun
    visitor.openRun(run, null, false, '"v2"')
    visitor.bring(run, CHUNKS - firstChunk)
    expect(visitor.all('failed')).toEqual([{ type: 'failed', failure: 'inconsistent', status: null }])
  })

  it('about the version is forgiven where the whole file has a hash, which decides in the end', () => {
    const visitor = loneVisitor(CHUNKS, { fileIsHashed: true })
    visitor.bring(0, 5)
    visitor.failRun(0, 'unreachable')
    visitor.pass(1000)
    visitor.openRun(1, FACTS.sizeBytes, false, '"v2"')
    expect(pick(visitor.bring(1, CHUNKS - 5), 'complete')).toHaveLength(1)
  })

  it('about the version is forgiven where every chunk has its hash, as on the nodes of a CDN', () => {
    const visitor = new Visitor({
      locator: null,
      facts: FACTS,
      verification: 'chunkDigests',
      chunkDigests: digestsOf(range(0, CHUNKS)),
    })
    visitor.start()
    visitor.openRun(0, FACTS.sizeBytes)
    visitor.bring(0, 5)
    visitor.failRun(0, 'unreachable')
    visitor.pass(1000)
    visitor.openRun(1, FACTS.sizeBytes, false, '"v2"')
    expect(pick(visitor.bring(1, CHUNKS - 5), 'complete')).toHaveLength(1)
  })

  it('and the manifest about the size is not the file that was meant', () => {
    const visitor = new Visitor({ locator: null, facts: FACTS })
    visitor.start()
    expect(visitor.openRun(0, FACTS.sizeBytes + 1)).toEqual([
      { type: 'failed', failure: 'integrity-mismatch', status: null },
    ])
  })
})

describe('what the reader waits for', () => {
  it('is asked of neighbours first', () => {
    const visitor = firstOfTwo(CHUNKS)
    visitor.openRun(0)
    for (let second = 0; second < 4; second++) {
      visitor.bring(0, 1)
      visitor.pass(1000)
    }
    visitor.handle({ type: 'reading', chunk: 50 })
    visitor.meet(ANNA, FACTS)
    visitor.hearHave(ANNA, range(10, CHUNKS))
    expect(sent(visitor.outputs, 'request')[0]?.message.chunks).toEqual([50, 51])
  })

  it('is fetched first from the origin', () => {
    const visitor = firstOfTwo(CHUNKS)
    visitor.openRun(0)
    visitor.handle({ type: 'reading', chunk: 30 })
    for (let second = 0; second < 4; second++) {
      visitor.bring(0, 1)
      visitor.pass(1000)
    }
    const outputs = visitor.bring(0, 4)
    expect(pick(outputs, 'abort')).toEqual([{ type: 'abort', run: 0 }])
    expect(pick(outputs, 'fetch')).toMatchObject([{ firstChunk: 30, firstByte: 30 * CHUNK_BYTES }])
  })
})

describe('an answer that ends early without a word', () => {
  it('is a failure: asked again after a pause, and not for ever', () => {
    const visitor = new Visitor({ locator: null, facts: FACTS })
    visitor.start()
    for (let attempt = 0; attempt < 20 && visitor.all('failed').length === 0; attempt++) {
      const { run } = visitor.latestRun
      visitor.openRun(run, null, true)
      expect(pick(visitor.endRun(run), 'fetch')).toEqual([])
      visitor.pass(2000)
    }
    expect(visitor.all('failed')).toEqual([{ type: 'failed', failure: 'inconsistent', status: null }])
    expect(visitor.all('fetch')).toHaveLength(3)
  })
})

describe('a hint about the file', () => {
  it('of another chunk size than ours is not taken', () => {
    const visitor = new Visitor()
    visitor.start()
    visitor.welcome({ joinIndex: 3, swarmSize: 4, facts: { ...FACTS, chunkBytes: FACTS.chunkBytes / 2 } })
    expect(visitor.all('sized')).toEqual([])
    expect(pick(visitor.pass(300), 'fetch')).toHaveLength(1)
  })

  it('of an empty file is not taken where no hash would show that it was wrong', () => {
    const visitor = new Visitor({ verification: 'sendersDigest' })
    visitor.start()
    visitor.welcome({ joinIndex: 3, swarmSize: 4, facts: { ...FACTS, sizeBytes: 0 } })
    expect(visitor.all('complete')).toEqual([])
    expect(pick(visitor.pass(300), 'fetch')).toHaveLength(1)
  })
})
