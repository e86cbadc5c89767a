/**
 * Which chunk to ask of a neighbour: of one that leaves, what would go with it; else what the reader waits for, then
 * random first, then rarest first, or in order where all neighbours have the whole file; near the end, a chunk that another
 * neighbour is slow to bring.
 */

import type { Inventory } from '../inventory.ts'
import type { Mechanisms } from '../mechanisms.ts'
import type { Neighbour } from './neighbour.ts'

/**
 * Chunks taken at random before rarity decides. BitTorrent takes one piece at random, to have something to give soon;
 * a few here, as chunks are smaller than its pieces (guess).
 */
const RANDOM_FIRST_CHUNKS = 4

/** Chunks ahead of an in-order reader that go before everything else (guess: a pipeline's worth). */
const READER_WINDOW_CHUNKS = 16

/** The endgame begins when no more chunks than this are missing; a chunk is then asked of at most this many. */
const ENDGAME_CHUNKS = 24
const ENDGAME_ASKED = 3

/** A chunk is slow, and so a case for the endgame, after this many ms or three times the neighbour's usual. */
const ENDGAME_PATIENCE_MS = 500

/** A run of ours that goes through what neighbours have, too. */
export interface Sweep {
  /** The chunk it is at. */
  readonly from: number
  /** It brings far more than the mesh does. */
  readonly leads: boolean
  /** No other run of ours is under way. Default false. */
  readonly isOnly?: boolean
}

export interface ChunkChoice {
  readonly inventory: Inventory
  readonly neighbour: Neighbour
  readonly neighbours: Iterable<Neighbour>
  /** Chunk an in-order reader waits for, or null where there is none. */
  readonly readerChunk: number | null
  /** Our own run, if it will come to what neighbours have; else null. */
  readonly sweep: Sweep | null
  /** Every neighbour has the whole file. Default false. */
  readonly amongComplete?: boolean
  /** No origin delivers. Default false. */
  readonly originsFail?: boolean
  readonly mechanisms: Mechanisms
  readonly nowMs: number
}

/** The chunk to ask for next, or null where this neighbour has none that we want now. */
export function chooseChunk(choice: ChunkChoice): number | null {
  const { inventory, neighbour } = choice
  const holds = (chunk: number): boolean => neighbour.held.has(chunk)
  if (neighbour.lastOffer !== null) {
    const isWanted = (chunk: number): boolean => inventory.rarity.isEligible(chunk) && holds(chunk)
    return neighbour.lastOffer.find(isWanted) ?? null
  }
  const urgent = chooseUrgent(choice)
  if (urgent !== null) return urgent
  if (inventory.rarity.availableCount > 0) {
    if (choice.sweep !== null) return findBesideRun(choice, choice.sweep, holds)
    const found = findUsual(choice, holds)
    if (found !== null) return found
  }
  return chooseFromLastHope(choice) ?? chooseForEndgame(choice)
}

/** What only those have who do not count: where no origin delivers, there is nobody else to ask, and they may but be slow. */
function chooseFromLastHope({ inventory, neighbour, originsFail = false }: ChunkChoice): number | null {
  if (!originsFail || !neighbour.isDiscounted) return null
  for (const chunk of neighbour.held.chunks()) if (inventory.rarity.isEligible(chunk)) return chunk
  return null
}

/**
 * Among those who have everything nothing is rare. In order, the hash of the whole is taken of what has just come in: of 200 MB that
 * one neighbour brought in another order all had to be read again, and hashed when the last chunk was there (0.9 s, measured).
 */
function findUsual(
  { inventory, mechanisms, amongComplete = false }: ChunkChoice,
  accept: (chunk: number) => boolean,
): number | null {
  const { kept, rarity } = inventory
  if (!mechanisms.mixedOrder) return rarity.findFirst(accept)
  const isNew = mechanisms.randomFirst && kept.count < RANDOM_FIRST_CHUNKS
  if (isNew || !mechanisms.rarestFirst) return rarity.findRandom(accept)
  return amongComplete ? rarity.findFirst(accept) : rarity.findRarest(accept)
}

/** In order as far as the run does not get before it has gone through all the rest. */
function findBesideRun(
  { inventory, amongComplete = false }: ChunkChoice,
  sweep: Sweep,
  accept: (chunk: number) => boolean,
): number | null {
  const { leads, isOnly = false, from } = sweep
  const first = amongComplete && isOnly && !leads ? inventory.rarity.findFirst(accept, from) : null
  return first ?? findFarthest(inventory, sweep, accept)
}

/**
 * What our run would come to last: the two meet in the end, and leave no gaps that would cost a request each. Where the
 * run leads, nothing but what goes on from the far end: it would come to all else before there was enough to skip, and
 * fetch it along, so that the mesh would only take away from the line.
 */
function findFarthest(
  inventory: Inventory,
  { from, leads }: Sweep,
  accept: (chunk: number) => boolean,
): number | null {
  const { geometry, rarity } = inventory
  const { chunkCount } = geometry
  for (let back = 1; back <= chunkCount; back++) {
    const chunk = (from + chunkCount - back) % chunkCount
    if (rarity.isEligible(chunk) && accept(chunk)) return chunk
    if (leads && inventory.isMissing(chunk) && inventory.askedCount(chunk) === 0) return null
  }
  return null
}

function chooseUrgent({ inventory, neighbour, readerChunk }: ChunkChoice): number | null {
  if (readerChunk === null) return null
  const end = Math.min(inventory.geometry.chunkCount, readerChunk + READER_WINDOW_CHUNKS)
  for (let chunk = readerChunk; chunk < end; chunk++)
    if (inventory.rarity.isEligible(chunk) && neighbour.held.has(chunk)) return chunk
  return null
}

/** So little is missing that a chunk may be asked of several. */
export function isEndgame({ geometry, kept }: Inventory): boolean {
  return geometry.chunkCount - kept.count <= ENDGAME_CHUNKS
}

function chooseForEndgame(choice: ChunkChoice): number | null {
  const { inventory, neighbour, neighbours, mechanisms, nowMs } = choice
  if (!mechanisms.endgame || !isEndgame(inventory)) return null
  let slowest: number | null = null
  let askedAtMs = nowMs - ENDGAME_PATIENCE_MS
  for (const other of neighbours) {
    if (other === neighbour) continue
    for (const [chunk, request] of other.outstanding) {
      if (request.askedAtMs >= askedAtMs || neighbour.outstanding.has(chunk)) continue
      if (!neighbour.held.has(chunk) || inventory.askedCount(chunk) >= ENDGAME_ASKED) continue
      slowest = chunk
      askedAtMs = request.askedAtMs
    }
  }
  return slowest
}
