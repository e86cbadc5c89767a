/** Parts of a session by themselves: what they share, and a mesh to speak to. */

import type { Context } from '../../../src/core/context.ts'
import { Deadlines } from '../../../src/core/deadlines.ts'
import { DigestTable } from '../../../src/core/digests.ts'
import { Geometry } from '../../../src/core/geometry.ts'
import { Lateness } from '../../../src/core/lateness.ts'
import { Inventory } from '../../../src/core/inventory.ts'
import { Mesh, type MeshEvents } from '../../../src/core/mesh/mesh.ts'
import { OriginContext } from '../../../src/core/origin/origin-context.ts'
import { Random } from '../../../src/core/random.ts'
import { DEFAULT_LIMITS, type SessionLimits, type SessionOutput } from '../../../src/core/session-io.ts'
import type { PeerId } from '../../../src/core/types.ts'
import { CHUNK_BYTES, fileOf } from './shapes.ts'
import { LOCATOR, SELF } from './visitor.ts'

/** What the parts of one session share; all that they ask for goes to `outputs`. */
export function newContext(outputs: SessionOutput[] = [], limits: Partial<SessionLimits> = {}): Context {
  return {
    config: {
      seed: 1,
      facts: null,
      chunkBytesFor: () => CHUNK_BYTES,
      locator: LOCATOR,
      verification: 'none',
      chunkDigests: null,
    },
    limits: { ...DEFAULT_LIMITS, ...limits },
    random: new Random(1),
    deadlines: new Deadlines(),
    nowMs: 0,
    startedAtMs: 0,
    welcomedAtMs: 0,
    lateness: new Lateness(),
    selfId: SELF,
    emit: (output) => outputs.push(output),
  }
}

/** The same, for the parts of a seat. */
export function originContext(context: Context): OriginContext {
  let runs = 0
  return new OriginContext(context, 0, 0, () => runs++)
}

export function newInventory(chunks: number): Inventory {
  return new Inventory(new Geometry(fileOf(chunks)), new Random(1))
}

/** A mesh of this one neighbour, which has said its hello. */
export function meshWith(
  neighbour: PeerId,
  context: Context,
  chunks: number,
  inventory: Inventory = newInventory(chunks),
  events: Partial<MeshEvents> = {},
): Mesh {
  const mesh = new Mesh(context, {
    heardHello: nothing,
    heardClaim: () => true,
    heardKnown: () => true,
    isAttached: () => true,
    neighbourReady: nothing,
    neighbourLost: nothing,
    arrivedNearby: nothing,
    vanishedNearby: nothing,
    disputed: nothing,
    ...events,
  })
  const facts = fileOf(chunks)
  mesh.equip({ facts, inventory, digests: new DigestTable(chunks, null) })
  mesh.neighbourhood.linkOpened(neighbour)
  mesh.hear(neighbour, { type: 'hello', version: 1, features: 0, ...facts })
  return mesh
}

function nothing(): void {}
