import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { webrtcLinks } from '../../src/browser/webrtc-links.ts'
import { comeStranger, linkedStranger, STRANGER } from './links-stranger.ts'
import { type Visitor, Visitors } from './links-visitors.ts'
import { type Connections, RawPeer, watchConnections } from './raw-peer.ts'

let connections: Connections
let visitors: Visitors

beforeEach(() => {
  connections = watchConnections()
  visitors = new Visitors(webrtcLinks)
})

afterEach(() => {
  visitors.leave()
  connections.stop()
})

describe('a hostile neighbour', () => {
  test('that sends text is closed', async () => {
    const [ada, stranger] = await linkedStranger(visitors)
    const closed = ada.closed(stranger)
    stranger.channel.send('hello')
    await closed
    expect(ada.log).toEqual([`opened ${STRANGER}`, `closed ${STRANGER}`])
  })

  test('that opens another channel is closed', async () => {
    const [ada, stranger] = await linkedStranger(visitors)
    const closed = ada.closed(stranger)
    stranger.connection.createDataChannel('another')
    await closed
  })

  test('that takes only tiny messages is not linked to', async () => {
    const [ada] = visitors.come(1)
    const stranger = comeStranger(visitors, ada)
    stranger.rewrite = (signal) => ({
      ...signal,
      ...(signal.sdp && { sdp: signal.sdp.replace(/a=max-message-size:\d+/, 'a=max-message-size:10') }),
    })
    const closed = ada.closed(stranger)
    ada.links.connect(STRANGER)
    await closed
    expect(ada.log).toEqual([`closed ${STRANGER}`])
  })

  test('cannot end an open link by another offer', async () => {
    const [ada, stranger] = await linkedStranger(visitors)
    const before = connections.made
    const forger = new RawPeer(STRANGER, ada.links)
    await forger.offer('89abcdef')
    const frame = ada.receives(1)
    stranger.channel.send(Uint8Array.of(7))
    await frame
    expect(connections.made).toBe(before + 1)
    expect(ada.log).toEqual([`opened ${STRANGER}`, `frame ${STRANGER} 7`])
  })

  test('whose answer is nonsense is closed, and nobody else', async () => {
    const [ada, ben] = await visitors.linked()
    const stranger = comeStranger(visitors, ada)
    stranger.rewrite = (signal) => ({
      ...signal,
      ...(signal.sdp && { sdp: 'v=0\r\nm=application nonsense\r\n' }),
    })
    const closed = ada.closed(stranger)
    ada.links.connect(STRANGER)
    await closed
    await visitors.exchange(ada, ben)
  })
})

describe('privacy', () => {
  test('relay only: no address of this visitor is signalled', async () => {
    const [ada, ben] = visitors.come(2, { relayOnly: true })
    const offered = expect.poll(() => typesOf(ada))
    ada.links.connect(ben.id)
    await offered.toContain('offer')
    await expect.poll(() => typesOf(ben)).toContain('answer')
    await visitors.exchange(...(await visitors.linked()))
    expect(JSON.stringify([ada.signals, ben.signals])).not.toMatch(/typ (host|srflx|prflx)/)
    expect(typesOf(ada)).toEqual(['offer'])
  })

  test('ICE servers that the browser refuses are left out, the others used', async () => {
    const [ada, ben] = visitors.come(2, {
      iceServers: [
        { urls: ['turn:relay.example.com'] },
        { urls: ['stun:127.0.0.1:9'] },
        { urls: ['nonsense'] },
      ],
    })
    ada.links.connect(ben.id)
    await Promise.all([ada.opened(ben), ben.opened(ada)])
  })
})

function typesOf(visitor: Visitor): unknown[] {
  return visitor.signals.map((signal) => (signal as { type: unknown }).type)
}
