/**
 * Frame of a claim: type, claimer's id (8 bytes), tag of the origin (u32), sequence (u32), hops (u8), goodput (u32), seconds until it is said
 * again (u8), the plan of seats (30 bytes, in the order of its fields below), number of claimed runs (u8), then these and those brought (two u32 each).
 */

import { invariant } from '../invariant.ts'
import { parsePeerId, type ChunkRun } from '../types.ts'
import { type FrameReader, FrameWriter } from './bytes.ts'
import { MAX_CHUNKS, MAX_RENEWAL_SEC, MAX_RUNS_PER_CLAIM, MAX_SEATS } from './limits.ts'
import { FRAME_TYPE, isChunk, isHops, isUint, PEER_ID_BYTES } from './peer-frame.ts'
import type { Claim, SeatPlan } from './peer-messages.ts'

/** Version, seats, phase, held seats, whether fewer are next, hold, patience, goodput, open seats. */
const PLAN_BYTES = 4 + 4 + 1 + 4 + 1 + 4 + 4 + 4 + 4

/** Type, claimer, origin, sequence, hops, goodput, renewal, plan, number of claimed runs. */
const CLAIM_HEADER_BYTES = 1 + PEER_ID_BYTES + 4 + 4 + 1 + 4 + 1 + PLAN_BYTES + 1

const RUN_BYTES = 8

const PHASES = ['steady', 'growing', 'shrinking'] as const

/** Throws `InvariantError` for a claim that no receiver would take. */
export function encodeClaim(claim: Claim): Uint8Array<ArrayBuffer> {
  const { runs, brought, plan } = claim
  invariant(parsePeerId(claim.peer) !== null, 'A claimer has the id of a peer.')
  invariant(isUint(claim.origin, 32), 'The tag of an origin has 32 bits.')
  invariant(isUint(claim.sequence, 32) && isHops(claim.hops), 'Sequence and hops are within the limits.')
  invariant(areRuns(runs) && areRuns(brought), 'Runs are within the limits.')
  invariant(isUint(claim.goodputBytesPerSec, 32) && isPlan(plan), 'Goodput and plan are within the limits.')
  invariant(isRenewal(claim.renewalSec), 'A claim is said again within the limit.')
  const writer = new FrameWriter(claimByteLength(claim))
  writer.u8(FRAME_TYPE.claim)
  writer.hex(claim.peer)
  writer.u32(claim.origin)
  writer.u32(claim.sequence)
  writer.u8(claim.hops)
  writer.u32(claim.goodputBytesPerSec)
  writer.u8(claim.renewalSec)
  writePlan(writer, plan)
  writer.u8(runs.length)
  for (const list of [runs, brought])
    for (const { start, count } of list) {
      writer.u32(start)
      writer.u32(count)
    }
  return writer.finish()
}

/** Length in bytes of the frame for this claim. */
export function claimByteLength({ runs, brought }: Claim): number {
  return CLAIM_HEADER_BYTES + (runs.length + brought.length) * RUN_BYTES
}

/** The claim after the type byte; null where it is malformed. */
export function decodeClaim(reader: FrameReader): Claim | null {
  const peer = parsePeerId(reader.hex(PEER_ID_BYTES))
  const origin = reader.u32()
  const sequence = reader.u32()
  const hops = reader.u8()
  const goodputBytesPerSec = reader.u32()
  const renewalSec = reader.u8()
  const plan = readPlan(reader)
  const claimed = reader.u8()
  const count = reader.remainingBytes / RUN_BYTES
  if (peer === null || plan === null || !isHops(hops) || !isRenewal(renewalSec)) return null
  if (!Number.isInteger(count)) return null
  if (claimed > count || claimed > MAX_RUNS_PER_CLAIM || count - claimed > MAX_RUNS_PER_CLAIM) return null
  const all = Array.from({ length: count }, (): ChunkRun => ({ start: reader.u32(), count: reader.u32() }))
  if (!reader.isExhausted || !all.every(isRun)) return null
  const [runs, brought] = [all.slice(0, claimed), all.slice(claimed)]
  const seat = { runs, brought, goodputBytesPerSec, renewalSec, plan }
  return { type: 'claim', peer, origin, sequence, hops, ...seat }
}

function writePlan(writer: FrameWriter, plan: SeatPlan): void {
  writer.u32(plan.version)
  writer.u32(plan.seats)
  writer.u8(PHASES.indexOf(plan.phase))
  writer.u32(plan.heldSeats)
  writer.u8(plan.triesLess ? 1 : 0)
  writer.u32(plan.holdSec)
  writer.u32(plan.patienceSec)
  writer.u32(plan.goodputBytesPerSec)
  writer.u32(plan.openSeats)
}

function readPlan(reader: FrameReader): SeatPlan | null {
  const version = reader.u32()
  const seats = reader.u32()
  const phase = PHASES[reader.u8()]
  const heldSeats = reader.u32()
  const triesLess = reader.u8()
  const [holdSec, patienceSec, goodputBytesPerSec, openSeats] = [
    reader.u32(),
    reader.u32(),
    reader.u32(),
    reader.u32(),
  ]
  if (phase === undefined || triesLess > 1) return null
  const rest = { triesLess: triesLess === 1, holdSec, patienceSec, goodputBytesPerSec, openSeats }
  const plan = { version, seats, phase, heldSeats, ...rest }
  return isPlan(plan) ? plan : null
}

function isPlan({ seats, heldSeats, ...rest }: SeatPlan): boolean {
  const numbers = [rest.version, rest.holdSec, rest.patienceSec, rest.goodputBytesPerSec, rest.openSeats]
  return isSeats(seats) && isSeats(heldSeats) && numbers.every((number) => isUint(number, 32))
}

function isSeats(seats: number): boolean {
  return Number.isInteger(seats) && seats >= 1 && seats <= MAX_SEATS
}

function isRenewal(renewalSec: number): boolean {
  return isUint(renewalSec, 8) && renewalSec >= 1 && renewalSec <= MAX_RENEWAL_SEC
}

function areRuns(runs: readonly ChunkRun[]): boolean {
  return runs.length <= MAX_RUNS_PER_CLAIM && runs.every(isRun)
}

function isRun({ start, count }: ChunkRun): boolean {
  return isChunk(start) && Number.isInteger(count) && count >= 1 && start + count <= MAX_CHUNKS
}
