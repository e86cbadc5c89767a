/** In which order a session asks its neighbours for chunks. */

import { describe, expect, it } from 'vitest'

import { fileOf, peer, range } from './shapes.ts'
import { lateVisitor, type Visitor } from './visitor.ts'

/** Many more than are asked for at a time. */
const CHUNKS = 512
const FACTS = fileOf(CHUNKS)
const ANNA = peer(1)
const BERT = peer(2)

/** Anna has everything, Bert has these. Anna sends what she is asked for, six times. */
function askedOfAnna(ofBert: readonly number[]): { visitor: Visitor; asked: number[] } {
  const visitor = lateVisitor(CHUNKS)
  visitor.meet(BERT, FACTS)
  visitor.hearHave(BERT, ofBert)
  visitor.meet(ANNA, FACTS)
  visitor.hearHave(ANNA, range(0, CHUNKS))
  for (let times = 0; times < 6; times++) visitor.deliver(ANNA)
  return { visitor, asked: visitor.askedOf(ANNA) }
}

/** Whether what was asked for are the first ones that are missing and that Bert was not asked for. */
function inOrder({ visitor, asked }: { visitor: Visitor; asked: number[] }): boolean {
  const ofBert = new Set(visitor.askedOf(BERT))
  const kept = new Set(visitor.all('keep').map(({ chunk }) => chunk))
  const missing = range(0, CHUNKS).filter((chunk) => !kept.has(chunk) && !ofBert.has(chunk))
  expect(asked.length).toBeGreaterThan(1)
  return asked.every((chunk, place) => chunk === missing[place])
}

describe('chunks are asked for', () => {
  it('in order, where every neighbour has the whole file', () => {
    expect(inOrder(askedOfAnna(range(0, CHUNKS)))).toBe(true)
  })

  it('rarest first, where one lacks something', () => {
    const { visitor, asked } = askedOfAnna(range(0, CHUNKS / 2))
    expect(inOrder({ visitor, asked })).toBe(false)
    expect(asked.every((chunk) => chunk >= CHUNKS / 2)).toBe(true)
  })
})
