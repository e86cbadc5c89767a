/**
 * A visitor that means no good: it joins a swarm as any other does, links and all, and then breaks the rules. Bundled
 * into the test page as `window.hostile`.
 */

import { createHasher } from '../../src/browser/hasher.ts'
import { topologySocket } from '../../src/browser/topology-socket.ts'
import { webrtcLinks } from '../../src/browser/webrtc-links.ts'
import type { FileFacts, PeerId } from '../../src/core/types.ts'
import { PROTOCOL_VERSION } from '../../src/core/wire/limits.ts'
import { decodePeerFrame, encodeBlock, encodePeerMessage } from '../../src/core/wire/peer-codec.ts'
import type { Bytes, Links } from '../../src/ports.ts'
import { locatorOf } from '../../src/privacy.ts'

/**
 * 'garbage': frames of random bytes. 'liar': claims every chunk, and sends noise for it. 'mute': claims every chunk, sends
 * nothing. 'impostor': tells the server of a shorter file than there is.
 */
export type Attack = 'garbage' | 'liar' | 'mute' | 'impostor'

export interface Outcome {
  /** Welcomes that it answered. */
  readonly welcomed: number
  readonly linked: number
  /** Links that the other side ended. */
  readonly dropped: number
  /** Chunks that were asked of it. */
  readonly asked: number
}

declare global {
  interface Window {
    readonly hostile: {
      attack(attack: Attack, url: string, topology: string): Promise<void>
      outcome(): Outcome
    }
  }
}

const NOISE_BYTES = 64 * 1024
const SHORT_FILE: FileFacts = { sizeBytes: 5 * 65_536, chunkBytes: 65_536, validator: null, root: null }
let welcomed = 0
let linked = 0
let dropped = 0
let asked = 0

Object.assign(window, { hostile: { attack, outcome: (): Outcome => ({ welcomed, linked, dropped, asked }) } })

async function attack(kind: Attack, url: string, topologyUrl: string): Promise<void> {
  const locator = await locatorOf(new URL(url), createHasher())
  let facts: FileFacts | null = null
  const links = webrtcLinks({
    opened: (peer) => {
      linked++
      if (links !== null) greet(links, peer, kind, facts)
    },
    frame: (peer, frame) => {
      if (links !== null) answer(links, peer, kind, frame, facts)
    },
    signal: (peer, data) => topology.send({ type: 'signal', to: peer, data }),
    drained: () => undefined,
    closed: () => void dropped++,
  })
  const topology = topologySocket([topologyUrl], {
    message: (message) => {
      if (message.type === 'signal') links?.signal(message.from, message.data)
      if (message.type === 'facts') facts = message.facts
      if (message.type !== 'welcome') return
      welcomed++
      facts = message.facts
      if (kind === 'impostor') topology.send({ type: 'facts', facts: SHORT_FILE })
      links?.configure({ iceServers: [], relayOnly: false, selfId: message.id })
      for (const peer of message.peers) links?.connect(peer)
    },
    lost: () => undefined,
  })
  topology.join({ type: 'join', version: PROTOCOL_VERSION, locator, facts: null })
}

function greet(links: Links, peer: PeerId, kind: Attack, facts: FileFacts | null): void {
  if (kind === 'garbage') {
    for (let frame = 0; frame < 50; frame++) links.send(peer, noise(1 + Math.floor(Math.random() * 2000)))
    return
  }
  if (facts === null) return
  links.send(peer, encodePeerMessage({ type: 'hello', version: PROTOCOL_VERSION, features: 0, ...facts }))
  const chunkCount = Math.ceil(facts.sizeBytes / facts.chunkBytes)
  const chunks = Array.from({ length: chunkCount }, (_, chunk) => chunk)
  links.send(peer, encodePeerMessage({ type: 'have', chunks, digests: noise(chunkCount * 32) }))
}

function answer(links: Links, peer: PeerId, kind: Attack, frame: Bytes, facts: FileFacts | null): void {
  const message = decodePeerFrame(frame)
  if (message?.type !== 'request' || facts === null) return
  asked += message.chunks.length
  if (kind === 'mute') return
  for (const chunk of message.chunks) {
    const lengthBytes = Math.min(facts.chunkBytes, facts.sizeBytes - chunk * facts.chunkBytes)
    for (let offset = 0; offset < lengthBytes; offset += NOISE_BYTES) {
      const end = Math.min(NOISE_BYTES, lengthBytes - offset)
      links.send(peer, encodeBlock(chunk, offset, noise(NOISE_BYTES), 0, end))
    }
  }
}

function noise(lengthBytes: number): Bytes {
  const bytes = new Uint8Array(lengthBytes)
  for (let start = 0; start < lengthBytes; start += 65_536)
    crypto.getRandomValues(bytes.subarray(start, Math.min(lengthBytes, start + 65_536)))
  return bytes
}
