/** What the URL and its mirrors call the version that they serve, where no hash shows in the end whether it was one. */

import { describe, expect, it } from 'vitest'

import { fileOf, range } from './shapes.ts'
import { Visitor, type VisitorOptions } from './visitor.ts'

const FILE = fileOf(40)
/** Tags of the URL and of a mirror. */
const TAGS = [11, 22]
const MONDAY = 'Mon, 05 Jan 2026 08:00:00 GMT'
const TUESDAY = 'Tue, 06 Jan 2026 08:00:00 GMT'

/** The latest run at the URL, or at the mirror. */
function runAt(visitor: Visitor, origin: number): number {
  const run = visitor.all('fetch').findLast((each) => each.origin === origin)
  if (run === undefined) throw new Error(`Nothing was asked of origin ${origin}.`)
  return run.run
}

/** The URL failed at first; the mirror told the size, and brings three chunks before the URL is asked again. */
function visitorOfMirror(validator: string, options: VisitorOptions = {}): Visitor {
  const visitor = new Visitor({ locator: null, origins: TAGS, ...options })
  visitor.start()
  visitor.failRun(0, 'busy')
  visitor.openRun(runAt(visitor, 1), FILE.sizeBytes, false, validator)
  visitor.bring(runAt(visitor, 1), 3)
  visitor.pass(3000)
  expect(visitor.kept).toEqual(range(0, 3))
  expect(runAt(visitor, 0)).toBeGreaterThan(0)
  return visitor
}

describe('a URL that answers after its mirror', () => {
  it.each([
    ['another tag', '"mirror"', '"url"'],
    ['a date where the mirror has a tag', '"mirror"', MONDAY],
    ['the same date', MONDAY, MONDAY],
  ])('with %s has the same file, for all that can be told', (_, mirrors, own) => {
    const visitor = visitorOfMirror(mirrors)
    visitor.openRun(runAt(visitor, 0), null, false, own)
    visitor.bring(runAt(visitor, 0), 1)
    expect(visitor.kept).toHaveLength(4)
    expect([...visitor.all('failed'), ...visitor.all('misled')]).toEqual([])
  })

  it('with another date has another file: all starts again, and nothing of two versions is put together', () => {
    const visitor = visitorOfMirror(MONDAY)
    visitor.openRun(runAt(visitor, 0), null, false, TUESDAY)
    expect(visitor.all('misled')).toHaveLength(1)
  })

  it('with another date does not matter where the hash shows in the end', () => {
    const visitor = visitorOfMirror(MONDAY, { fileIsHashed: true })
    visitor.openRun(runAt(visitor, 0), null, false, TUESDAY)
    expect(visitor.all('misled')).toEqual([])
  })
})

/** One of two, who was told of the file by the server. */
function visitorOfOthers(validator: string): Visitor {
  const visitor = new Visitor({ origins: TAGS })
  visitor.start()
  visitor.welcome({ joinIndex: 0, swarmSize: 2, facts: { ...FILE, validator } })
  return visitor
}

describe('a URL and a mirror of which others told', () => {
  it('may contradict them after the mirror has confirmed the size: it was they who misled', () => {
    const visitor = visitorOfOthers('"v1"')
    visitor.openRun(runAt(visitor, 1), FILE.sizeBytes, false, '"mirror"')
    visitor.openRun(runAt(visitor, 0), FILE.sizeBytes, false, '"another"')
    expect(visitor.all('failed')).toEqual([])
    expect(visitor.all('misled')).toHaveLength(1)
  })

  it('go on where a mirror of another length and date was left out', () => {
    const visitor = visitorOfOthers(TUESDAY)
    visitor.openRun(runAt(visitor, 1), FILE.sizeBytes + 1, false, MONDAY)
    visitor.openRun(runAt(visitor, 0), FILE.sizeBytes, false, TUESDAY)
    expect([...visitor.all('failed'), ...visitor.all('misled')]).toEqual([])
  })
})
