import { describe, expect, it } from 'vitest'

import { fileOf, range } from './shapes.ts'
import { loneVisitor, pick, Visitor } from './visitor.ts'

const CHUNKS = 20

describe('a lone visitor', () => {
  it('asks for the whole file at once, by one open-ended range, to learn its size on the way', () => {
    const visitor = new Visitor({ locator: null })
    expect(visitor.start()).toEqual([
      { type: 'fetch', run: 0, origin: 0, firstByte: 0, lastByte: null, firstChunk: 0 },
    ])
    expect(pick(visitor.openRun(0, fileOf(CHUNKS).sizeBytes), 'sized')).toEqual([
      { type: 'sized', facts: fileOf(CHUNKS) },
    ])
  })

  it('is complete when that one answer has ended, and has asked for nothing else', () => {
    const visitor = loneVisitor(CHUNKS)
    expect(pick(visitor.bring(0, CHUNKS - 1), 'complete')).toEqual([])
    expect(pick(visitor.bring(0, 1), 'complete')).toHaveLength(1)
    visitor.endRun(0)
    visitor.handle({ type: 'fileVerified' })
    visitor.pass(60_000)
    expect(visitor.kept).toEqual(range(0, CHUNKS))
    expect(visitor.all('fetch')).toHaveLength(1)
    expect(visitor.all('complete')).toHaveLength(1)
    expect(visitor.all('topology')).toEqual([])
  })

  it('has nothing left to wait for once it is complete', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.bring(0, CHUNKS)
    visitor.endRun(0)
    visitor.handle({ type: 'fileVerified' })
    visitor.pass(10_000)
    expect(visitor.session.nextDeadlineMs()).toBeNull()
  })

  it('hashes each chunk as it comes and keeps it with its digest', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.hashes = false
    const source = { kind: 'origin', run: 0 } as const
    expect(pick(visitor.bring(0, 1), 'digest')).toEqual([{ type: 'digest', chunk: 0, source }])
    expect(visitor.kept).toEqual([])
    const digest = new Uint8Array(32).fill(7)
    expect(pick(visitor.digest(0, source, digest), 'keep')).toEqual([
      { type: 'keep', chunk: 0, source, digest },
    ])
  })

  it('has an empty file at once', () => {
    const visitor = new Visitor({ locator: null })
    visitor.start()
    const outputs = visitor.openRun(0, 0)
    expect(outputs.map(({ type }) => type)).toEqual(['sized', 'abort', 'complete'])
  })

  it('knows the size from a manifest, and still asks for everything in one go', () => {
    const visitor = new Visitor({ locator: null, facts: fileOf(CHUNKS) })
    expect(visitor.start()).toEqual([
      { type: 'sized', facts: fileOf(CHUNKS) },
      { type: 'fetch', run: 0, origin: 0, firstByte: 0, lastByte: null, firstChunk: 0 },
    ])
  })

  it('takes the file from an origin that ignores ranges', () => {
    const visitor = new Visitor({ locator: null })
    visitor.start()
    visitor.openRun(0, fileOf(CHUNKS).sizeBytes, true)
    expect(pick(visitor.bring(0, CHUNKS), 'complete')).toHaveLength(1)
    expect(visitor.all('fetch')).toHaveLength(1)
  })

  it('does not keep twice what the store had already', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.digest(3, { kind: 'store' })
    expect(visitor.kept).toEqual([3])
    const outputs = visitor.bring(0, CHUNKS)
    expect(pick(outputs, 'discard')).toEqual([
      { type: 'discard', chunk: 3, source: { kind: 'origin', run: 0 } },
    ])
    expect(pick(outputs, 'complete')).toHaveLength(1)
    expect(pick(outputs, 'keep').map(({ chunk }) => chunk)).not.toContain(3)
  })

  it('skips what the store has where that is worth a new request', () => {
    const visitor = new Visitor({ locator: null, facts: fileOf(CHUNKS) })
    visitor.start()
    for (const chunk of range(0, 15)) visitor.digest(chunk, { kind: 'store' })
    const outputs = visitor.openRun(0, fileOf(CHUNKS).sizeBytes)
    expect(pick(outputs, 'abort')).toHaveLength(1)
    expect(pick(outputs, 'fetch').map(({ firstChunk }) => firstChunk)).toEqual([15])
  })

  it('closes the answer where the store has the rest', () => {
    const visitor = loneVisitor(CHUNKS)
    for (const chunk of range(10, CHUNKS)) visitor.digest(chunk, { kind: 'store' })
    const outputs = visitor.bring(0, 10)
    expect(pick(outputs, 'abort')).toHaveLength(1)
    expect(pick(outputs, 'complete')).toHaveLength(1)
  })

  it('follows no answer that it has closed', () => {
    const visitor = loneVisitor(CHUNKS)
    visitor.handle({ type: 'pause' })
    const source = { kind: 'origin', run: 0 }
    expect(visitor.bring(0, 1)).toEqual([{ type: 'discard', chunk: 0, source }])
    expect(visitor.endRun(0)).toEqual([])
    expect(visitor.failRun(0, 'unreachable')).toEqual([])
  })

  it('refuses a file of more chunks than the protocol can number', () => {
    const visitor = new Visitor({ locator: null, chunkBytesFor: () => 1 })
    visitor.start()
    const outputs = visitor.openRun(0, 1024 * 1024 + 1)
    expect(pick(outputs, 'sized')).toEqual([])
    expect(pick(outputs, 'failed')).toHaveLength(1)
  })
})
