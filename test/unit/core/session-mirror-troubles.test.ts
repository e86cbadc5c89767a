/** Origins that fail in ways of their own, while there are others. */

import { describe, expect, it } from 'vitest'

import { FEATURE } from '../../../src/core/wire/peer-messages.ts'
import { CHUNK_BYTES, fileOf, forgedDigest, genuineDigest, peer, range } from './shapes.ts'
import { pick, Visitor, type Output, type VisitorOptions } from './visitor.ts'

const CHUNKS = 40
const FILE = fileOf(CHUNKS)
/** Tags of the URL and of two mirrors. */
const TAGS = [11, 22, 33]
const ANNA = peer(1)

/** A lone visitor with mirrors, who has just asked the URL for the size. */
function visitorWith(origins: number, options: VisitorOptions = {}): Visitor {
  const visitor = new Visitor({ locator: null, origins: TAGS.slice(0, origins), ...options })
  visitor.start()
  return visitor
}

function runsAt(visitor: Visitor, origin: number): Output<'fetch'>[] {
  return visitor.all('fetch').filter((each) => each.origin === origin)
}

function lastRunAt(visitor: Visitor, origin: number): number {
  const run = runsAt(visitor, origin).at(-1)
  if (run === undefined) throw new Error(`Nothing was asked of origin ${origin}.`)
  return run.run
}

/** The URL brings two chunks a second and the mirror eight, until that is asked for more ahead. */
function askedAhead(): Visitor {
  const visitor = visitorWith(2)
  visitor.pass(100)
  visitor.openRun(0, FILE.sizeBytes)
  visitor.pass(100)
  visitor.openRun(lastRunAt(visitor, 1), FILE.sizeBytes)
  const [first] = runsAt(visitor, 1)
  for (let eighths = 1; runsAt(visitor, 1).length === 1 && eighths < 200; eighths++) {
    visitor.pass(125)
    visitor.bring(first?.run ?? 0, 1)
    if (eighths % 4 === 0) visitor.bring(0, 1)
  }
  expect(runsAt(visitor, 1)).toHaveLength(2)
  return visitor
}

describe('an origin that gives one response at a time', () => {
  it('is not asked ahead again, with every packet that comes', () => {
    const visitor = askedAhead()
    visitor.failRun(lastRunAt(visitor, 1), 'busy', 5000)
    const [first] = runsAt(visitor, 1)
    for (const _ of range(0, 10)) {
      visitor.pass(10)
      visitor.handle({ type: 'runProgressed', run: first?.run ?? 0, bytes: CHUNK_BYTES / 20 })
    }
    expect(runsAt(visitor, 1)).toHaveLength(2)
  })
})

describe('while the size is unknown', () => {
  it('a URL that never answers is given up for a mirror', () => {
    const visitor = visitorWith(2)
    visitor.pass(21_000)
    const mirror = lastRunAt(visitor, 1)
    visitor.openRun(mirror, FILE.sizeBytes)
    visitor.bring(mirror, 10)
    expect(visitor.kept).toEqual(range(0, 10))
  })

  it('one origin is asked after a pause, not all of them for the whole file', () => {
    const visitor = visitorWith(3)
    visitor.handle({ type: 'pause' })
    const outputs = visitor.handle({ type: 'resume' })
    expect(pick(outputs, 'fetch').map(({ origin }) => origin)).toEqual([0])
  })

  it('several may be asked for the whole file, and the first to answer goes on with it', () => {
    const visitor = visitorWith(2)
    visitor.failRun(0, 'busy')
    const mirror = lastRunAt(visitor, 1)
    visitor.pass(2000)
    const again = lastRunAt(visitor, 0)
    expect(again).not.toBe(0)
    visitor.openRun(mirror, FILE.sizeBytes)
    expect(visitor.all('abort').map(({ run }) => run)).toEqual([again])
    const [part] = runsAt(visitor, 0).slice(2)
    expect(part?.firstChunk).toBeGreaterThan(0)
  })

  it('an origin that may be asked again tomorrow is not waited for', () => {
    const visitor = visitorWith(2)
    visitor.failRun(0, 'busy', 86_400_000)
    visitor.failRun(lastRunAt(visitor, 1), 'not-found')
    expect(visitor.all('failed')).toMatchObject([{ failure: 'busy' }])
  })
})

describe('a mirror whose bytes are not the file', () => {
  it('does not make liars of the neighbours who have the file', () => {
    const visitor = new Visitor({
      origins: TAGS.slice(0, 2),
      verification: 'sendersDigest',
      fileIsHashed: true,
      digestOf: (chunk, source) => (source.kind === 'mirror' ? forgedDigest : genuineDigest)(chunk),
    })
    visitor.start()
    visitor.welcome({ joinIndex: 0, swarmSize: 2, facts: FILE })
    const [run] = runsAt(visitor, 1)
    visitor.openRun(run?.run ?? 0, FILE.sizeBytes)
    visitor.meet(ANNA, FILE, { features: FEATURE.wantsDigests })
    // She tells what she has as the mirror brings it.
    for (const chunk of range(run?.firstChunk ?? 0, (run?.firstChunk ?? 0) + 3)) {
      visitor.hearDigests(ANNA, [chunk])
      visitor.bring(run?.run ?? 0, 1)
    }
    expect(visitor.kept).toHaveLength(3)
    expect(visitor.all('disconnect')).toEqual([])
  })
})
