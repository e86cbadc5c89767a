/** Relayed signalling across a whole mesh: many routing tables, one queue of messages. */

import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { Context } from '../../../src/core/context.ts'
import { Neighbour } from '../../../src/core/mesh/neighbour.ts'
import { ReversePaths } from '../../../src/core/mesh/reverse-paths.ts'
import { Signalling } from '../../../src/core/mesh/signalling.ts'
import { Random } from '../../../src/core/random.ts'
import type { SessionOutput } from '../../../src/core/session-io.ts'
import type { PeerId } from '../../../src/core/types.ts'
import type { Relay } from '../../../src/core/wire/peer-messages.ts'
import { newContext } from './parts.ts'
import { peer, range } from './shapes.ts'

class Node {
  readonly id: PeerId
  readonly neighbours = new Map<PeerId, Neighbour>()
  readonly paths = new ReversePaths()
  readonly signalling: Signalling
  /** Where its signals came from. */
  readonly heard: PeerId[] = []

  constructor(id: PeerId, seed: number, send: (to: PeerId, relay: Relay) => void) {
    this.id = id
    const context: Context = {
      ...newContext(),
      random: new Random(seed),
      selfId: id,
      emit: (output: SessionOutput) => {
        if (output.type === 'signal') this.heard.push(output.peer)
        if (output.type === 'send' && output.message.type === 'relay') send(output.peer, output.message)
      },
    }
    this.signalling = new Signalling(context, {
      neighbours: this.neighbours,
      paths: this.paths,
      heardOf: (about, via) => this.paths.note(about, via, null, 0),
      isAttached: () => false,
      isBanned: () => false,
    })
  }
}

class RelayMesh {
  readonly nodes: readonly Node[]
  /** Links crossed by relays so far. */
  crossings = 0
  private readonly queue: { readonly from: PeerId; readonly to: PeerId; readonly relay: Relay }[] = []

  /** A ring, so that all hang together, and chords drawn at random. */
  constructor(size: number, degree: number, seed: number) {
    const random = new Random(seed)
    this.nodes = range(0, size).map((number) => {
      const id = peer(number)
      return new Node(id, random.uint32(), (to, relay) => this.queue.push({ from: id, to, relay }))
    })
    for (const number of range(0, size)) {
      this.link(number, (number + 1) % size)
      for (const _ of range(0, Math.floor(degree / 2) - 1)) this.link(number, random.below(size))
    }
  }

  node(id: PeerId): Node {
    const node = this.nodes[Number.parseInt(id, 16)]
    if (node === undefined) throw new Error(`There is no ${id}.`)
    return node
  }

  /** News of this peer floods so many links far; everybody notes by whom it came first. Returns whom it reached. */
  spreadNewsOf(about: PeerId, hops: number): Set<PeerId> {
    const reached = new Set([about])
    let front = [about]
    for (let hop = 0; hop < hops; hop++) {
      const next: PeerId[] = []
      for (const from of front)
        for (const to of this.node(from).neighbours.keys()) {
          if (reached.has(to)) continue
          reached.add(to)
          this.node(to).paths.note(about, from, null, 0)
          next.push(to)
        }
      front = next
    }
    return reached
  }

  signal(from: PeerId, to: PeerId): void {
    this.node(from).signalling.send(to, { hello: true })
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) {
      this.crossings++
      expect(this.node(next.from).neighbours.has(next.to)).toBe(true)
      expect(next.relay.ttl).toBeGreaterThan(0)
      this.node(next.to).signalling.hear(next.from, next.relay)
    }
  }

  private link(a: number, b: number): void {
    if (a === b) return
    for (const [one, other] of [
      [peer(a), peer(b)],
      [peer(b), peer(a)],
    ] as const) {
      const neighbour = new Neighbour(other, 0, 0)
      neighbour.isReady = true
      this.node(one).neighbours.set(other, neighbour)
    }
  }
}

const anyMesh = fc.record({
  size: fc.integer({ min: 8, max: 200 }),
  degree: fc.integer({ min: 4, max: 10 }),
  seed: fc.integer(),
})

describe('signalling across a mesh', () => {
  it('reaches everybody whom news of the addressee reached, each link crossed once, and is answered', () => {
    fc.assert(
      fc.property(anyMesh, fc.nat(), ({ size, degree, seed }, number) => {
        const mesh = new RelayMesh(size, degree, seed)
        const to = peer(number % size)
        const reached = [...mesh.spreadNewsOf(to, 6)].filter((id) => id !== to)
        for (const from of reached.slice(-5)) {
          mesh.crossings = 0
          mesh.signal(from, to)
          expect(mesh.node(to).heard.at(-1)).toBe(from)
          expect(mesh.crossings).toBeLessThanOrEqual(6)
          mesh.signal(to, from)
          expect(mesh.node(from).heard.at(-1)).toBe(to)
          expect(mesh.crossings).toBeLessThanOrEqual(12)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('dies of itself where the tables lead in circles or nowhere', () => {
    fc.assert(
      fc.property(anyMesh, fc.array(fc.nat(), { minLength: 200, maxLength: 200 }), (shape, lies) => {
        const mesh = new RelayMesh(shape.size, shape.degree, shape.seed)
        const nobody = 'f'.repeat(16) as PeerId
        for (const [place, node] of mesh.nodes.entries()) {
          const neighbours = [...node.neighbours.keys()]
          const via = neighbours[(lies[place] ?? 0) % neighbours.length]
          if (via !== undefined) node.paths.note(nobody, via, null, 0)
        }
        mesh.signal(peer(0), nobody)
        // Two, four, and then as many as four for each link more.
        expect(mesh.crossings).toBeLessThanOrEqual(2 + 4 * 5)
      }),
      { numRuns: 100 },
    )
  })

  it('often finds its addressee where nobody has heard of it', () => {
    const found = range(0, 100).filter((seed) => {
      const mesh = new RelayMesh(40, 8, seed)
      mesh.signal(peer(0), peer(20))
      return mesh.node(peer(20)).heard.length > 0
    })
    expect(found.length).toBeGreaterThan(70)
  })

  it('is heard once, by whichever ways it comes', () => {
    for (const seed of range(0, 50)) {
      const mesh = new RelayMesh(10, 8, seed)
      mesh.signal(peer(0), peer(5))
      expect(mesh.node(peer(5)).heard.length).toBeLessThanOrEqual(1)
    }
  })
})
