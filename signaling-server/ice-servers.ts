/**
 * The ICE servers that visitors are given. A TURN relay is paid for by whoever runs it, so its password is not handed
 * out: each visitor gets a user name that expires and the password that goes with it, as in "A REST API for access to
 * TURN services" (draft-uberti-behave-turn-rest-00), which coturn calls `use-auth-secret`.
 */

import { createHmac } from 'node:crypto'

import type { PeerId } from '../src/core/types.ts'
import { MAX_ICE_URLS } from '../src/core/wire/topology-codec.ts'
import type { IceServer } from '../src/core/wire/topology-messages.ts'

/** How long TURN credentials last, in seconds: the day that the draft recommends (§2.2). */
const CREDENTIAL_LIFETIME_SEC = 86_400

export interface IceOptions {
  /** `stun:`, `stuns:`, `turn:` and `turns:` URLs. */
  readonly urls: readonly string[]
  /** Shared with the TURN servers; needed where there are any. */
  readonly turnSecret?: string | undefined
}

/** Makes what a visitor that asks now is given. `nowMs` is the time since 1970, in ms. */
export function iceServersFor(
  { urls, turnSecret }: IceOptions,
  id: PeerId,
  nowMs: number,
): readonly IceServer[] {
  const stun = inLots(urls.filter((url) => !isTurn(url))).map((lot) => ({ urls: lot }))
  if (turnSecret === undefined) return stun
  const username = `${Math.floor(nowMs / 1000) + CREDENTIAL_LIFETIME_SEC}:${id}`
  const credential = createHmac('sha1', turnSecret).update(username).digest('base64')
  return [...stun, ...inLots(urls.filter(isTurn)).map((lot) => ({ urls: lot, username, credential }))]
}

export function isTurn(url: string): boolean {
  return /^turns?:/.test(url)
}

function inLots(urls: readonly string[]): string[][] {
  const lots: string[][] = []
  for (let at = 0; at < urls.length; at += MAX_ICE_URLS) lots.push(urls.slice(at, at + MAX_ICE_URLS))
  return lots
}
