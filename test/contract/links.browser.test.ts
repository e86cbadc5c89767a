import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { createWebrtcLinks, DEFAULT_LINKS_SETTINGS, webrtcLinks } from '../../src/browser/webrtc-links.ts'
import type { WebrtcLinksSettings } from '../../src/browser/webrtc-links.ts'
import { linksSuite } from './links.suite.ts'
import { idOf, type Visitor, Visitors } from './links-visitors.ts'
import { comeStranger, SESSION, STRANGER } from './links-stranger.ts'
import { type Connections, watchConnections } from './raw-peer.ts'

linksSuite('webrtcLinks', webrtcLinks)

let connections: Connections
let visitors: Visitors

beforeEach(() => {
  connections = watchConnections()
  visitors = visitorsWith({})
})

afterEach(() => {
  visitors.leave()
  connections.stop()
})

describe('connections of the browser', () => {
  test('are all closed when the links are', async () => {
    const [ada, ben, cyd, ...rest] = visitors.come(6)
    for (const other of [ben, cyd, ...rest]) ada.links.connect(other.id)
    ben.links.connect(ada.id)
    await Promise.all([ben, cyd].map((other) => ada.opened(other)))
    visitors.leave()
    await expect.poll(() => connections.live).toBe(0)
    expect(connections.made).toBeGreaterThanOrEqual(4)
  })

  test('are closed at both ends when one link is closed', async () => {
    const [ada, ben] = await visitors.linked()
    expect(connections.live).toBe(2)
    const closed = ben.closed(ada)
    ada.links.close(ben.id)
    await closed
    await expect.poll(() => connections.live).toBe(0)
  })

  test('that both ends start come down to one pair, of which the smaller id is the initiator', async () => {
    const [ada, ben] = visitors.come(2)
    ben.links.connect(ada.id)
    ada.links.connect(ben.id)
    await Promise.all([ada.opened(ben), ben.opened(ada)])
    expect(ada.id < ben.id).toBe(true)
    expect(typesOf(ada)).not.toContain('answer')
    expect(typesOf(ben)).toContain('answer')
    await expect.poll(() => connections.live).toBe(2)
    expect(connections.made).toBe(3)
  })

  test('that do not open in time are given up, and said to be closed', async () => {
    visitors = visitorsWith({ openWithinMs: 30 })
    visitors.signalsAreLost = true
    const [ada, ben] = visitors.come(2)
    ada.links.connect(ben.id)
    await ada.closed(ben)
    await expect.poll(() => connections.live).toBe(0)
    expect(ada.log).toEqual([`closed ${ben.id}`])
  })

  test('are not made where the browser refuses: the link is closed', async () => {
    connections.stop()
    const Original = globalThis.RTCPeerConnection
    const [ada, ben] = visitors.come(2)
    globalThis.RTCPeerConnection = class extends Original {
      constructor() {
        super()
        this.close()
        throw new DOMException('Cannot create so many PeerConnections', 'UnknownError')
      }
    }
    const closed = ada.closed(ben)
    ada.links.connect(ben.id)
    globalThis.RTCPeerConnection = Original
    await closed
    expect(ada.log).toEqual([`closed ${ben.id}`])
  })

  test('are of no use without RTCPeerConnection', () => {
    connections.stop()
    const Original = globalThis.RTCPeerConnection
    Reflect.deleteProperty(globalThis, 'RTCPeerConnection')
    const links = webrtcLinks({
      opened: nothing,
      frame: nothing,
      signal: nothing,
      drained: nothing,
      closed: nothing,
    })
    globalThis.RTCPeerConnection = Original
    expect(links).toBeNull()
  })
})

describe('limits', () => {
  test('four connections of our making are set up at once; the rest follow, one for one', async () => {
    visitors = visitorsWith({ openWithinMs: 40 })
    visitors.signalsAreLost = true
    const [ada, ...others] = visitors.come(10)
    for (const other of others) ada.links.connect(other.id)
    expect(connections.live).toBe(4)
    await Promise.all(others.map((other) => ada.closed(other)))
    expect(connections.made).toBe(9)
    expect(ada.log).toHaveLength(9)
  })

  test('a slot is free again once a connection is open', async () => {
    visitors = visitorsWith({ maxStarting: 1 })
    const [ada, ben, cyd] = visitors.come(3)
    ada.links.connect(ben.id)
    ada.links.connect(cyd.id)
    await Promise.all([ada.opened(ben), ada.opened(cyd)])
  })

  test('an offer from a peer that waits for its turn is answered at once', async () => {
    visitors = visitorsWith({ maxStarting: 0 })
    const [ada, ben] = visitors.come(2)
    ada.links.connect(ben.id)
    const stranger = comeStranger(visitors, ada, ben.id)
    const opened = Promise.all([ada.opened(ben), stranger.isOpen])
    await stranger.offer(SESSION)
    await opened
  })

  test('links beyond the most are closed at once, and offers beyond it ignored', async () => {
    visitors = visitorsWith({ maxLinks: 2 })
    visitors.signalsAreLost = true
    const [ada, ben, cyd, dan] = visitors.come(4)
    if (dan === undefined) throw new Error('Only three came.')
    for (const other of [ben, cyd, dan]) ada.links.connect(other.id)
    expect(ada.log).toEqual([])
    await ada.closed(dan)
    const stranger = comeStranger(visitors, ada)
    await stranger.offer(SESSION)
    expect(connections.made).toBe(2 + 1)
    expect(ada.log).toEqual([`closed ${dan.id}`])
  })

  test('offers that are being answered have a limit of their own', async () => {
    visitors = visitorsWith({ maxAnswering: 2 })
    visitors.signalsAreLost = true
    const [ada] = visitors.come(1)
    for (let at = 0; at < 5; at++) {
      const stranger = comeStranger(visitors, ada, idOf(`fffffffffffffff${at}`))
      await stranger.offer(SESSION)
    }
    expect(connections.made).toBe(5 + 2)
  })

  test('a peer may start its connection anew only so many times', async () => {
    const [ada] = visitors.come(1)
    visitors.signalsAreLost = true
    const stranger = comeStranger(visitors, ada)
    for (let at = 0; at < 20; at++) await stranger.offer((0x10000000 + at).toString(16))
    expect(connections.made).toBe(1 + 1 + DEFAULT_LINKS_SETTINGS.maxReplaced)
  })

  test('64 candidates of a peer are taken, and no more', async () => {
    const [ada] = visitors.come(1)
    const stranger = comeStranger(visitors, ada)
    visitors.signalsAreLost = true
    stranger.rewrite = (signal) => (signal.type === 'candidate' ? null : signal)
    await stranger.offer(SESSION)
    for (let port = 1; port <= 1_000; port++) {
      const candidate = `candidate:1 1 udp 1 127.0.0.1 ${port} typ host`
      ada.links.signal(STRANGER, { type: 'candidate', session: SESSION, candidate })
    }
    await expect.poll(() => connections.candidates).toBe(64)
    ada.links.signal(STRANGER, {
      type: 'candidate',
      session: SESSION,
      candidate: 'candidate:1 1 udp 1 127.0.0.1 9 typ host',
    })
    expect(connections.candidates).toBe(64)
  })

  test('a neighbour that does not read is closed before its frames fill the memory', async () => {
    visitors = visitorsWith({ maxUnsentBytes: 1_000_000 })
    const [ada, ben] = await visitors.linked()
    const closed = ada.closed(ben)
    let most = 0
    for (let at = 0; at < 20; at++) {
      ada.links.send(ben.id, new Uint8Array(100_000))
      most = Math.max(most, ada.links.unsentBytes(ben.id))
    }
    await closed
    expect(most).toBeGreaterThan(500_000)
    expect(most).toBeLessThanOrEqual(1_000_000)
    expect(ada.log.filter((line) => line.startsWith('closed'))).toHaveLength(1)
  })

  test('a frame larger than the neighbour takes closes the link: none is lost in silence', async () => {
    const [ada, ben] = await visitors.linked()
    const closed = ada.closed(ben)
    ada.links.send(ben.id, new Uint8Array(ada.links.maxFrameBytes(ben.id) + 1))
    await closed
  })
})

test('a link that fails and is closed in one breath is not said to be closed', async () => {
  const [ada, ben] = await visitors.linked()
  const closed = ben.closed(ada)
  ada.links.send(ben.id, new Uint8Array(ada.links.maxFrameBytes(ben.id) + 1))
  ada.links.close(ben.id)
  await closed
  expect(ada.log).toEqual([`opened ${ben.id}`])
})

function visitorsWith(settings: Partial<WebrtcLinksSettings>): Visitors {
  return new Visitors((events) => createWebrtcLinks(events, settings))
}

function typesOf(visitor: Visitor): unknown[] {
  return visitor.signals.map((signal) => (signal as { type: unknown }).type)
}

function nothing(): void {}
