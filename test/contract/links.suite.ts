/**
 * What any `Links` must do. Run on WebRTC in `links.browser.test.ts`: two of them or more in one page, which carry
 * each other's signals.
 */

import { afterEach, describe, expect, test } from 'vitest'

import { MAX_FRAME_BYTES } from '../../src/core/wire/limits.ts'
import type { LinksFactory } from '../../src/ports.ts'
import { Visitors } from './links-visitors.ts'

const FRAMES = 1_000

export function linksSuite(name: string, factory: LinksFactory): void {
  describe(`${name} as links`, () => {
    let visitors = new Visitors(factory)

    afterEach(() => {
      visitors.leave()
      visitors = new Visitors(factory)
    })

    test('open on both sides', async () => {
      const [ada, ben] = visitors.come(2)
      ada.links.connect(ben.id)
      await Promise.all([ada.opened(ben), ben.opened(ada)])
      expect(ada.log).toEqual([`opened ${ben.id}`])
      expect(ben.log).toEqual([`opened ${ada.id}`])
    })

    test('that both sides start at once open once', async () => {
      const [ada, ben] = visitors.come(2)
      ada.links.connect(ben.id)
      ben.links.connect(ada.id)
      await Promise.all([ada.opened(ben), ben.opened(ada)])
      await visitors.exchange(ada, ben)
      expect(ada.log.filter((line) => !line.startsWith('frame'))).toEqual([`opened ${ben.id}`])
      expect(ben.log.filter((line) => !line.startsWith('frame'))).toEqual([`opened ${ada.id}`])
    })

    test('are not started twice', async () => {
      const [ada, ben] = visitors.come(2)
      ada.links.connect(ben.id)
      await Promise.all([ada.opened(ben), ben.opened(ada)])
      ada.links.connect(ben.id)
      ada.links.connect(ben.id)
      await visitors.exchange(ada, ben)
      expect(ben.log.filter((line) => line.startsWith('opened'))).toHaveLength(1)
    })

    test(`bring ${FRAMES} frames of mixed sizes, whole and in order`, async () => {
      const [ada, ben] = await visitors.linked()
      const largest = ada.links.maxFrameBytes(ben.id)
      expect(largest).toBeGreaterThanOrEqual(64 * 1024)
      expect(largest).toBeLessThanOrEqual(MAX_FRAME_BYTES)
      const sizeOf = (at: number): number => (at % 50 === 0 ? largest : 1 + ((at * 7919) % 20_000))
      // Each frame is written over the one before, as soon as that is handed over.
      const room = new Uint8Array(largest)
      const faults: string[] = []
      const arrived = ben.receives(FRAMES, (frame, at) => {
        if (frame.length !== sizeOf(at)) faults.push(`frame ${at} has ${frame.length} bytes`)
        if (frame.some((byte) => byte !== at % 251)) faults.push(`frame ${at} has other bytes`)
      })
      for (let at = 0; at < FRAMES; at++) {
        await ada.room(ben)
        ada.links.send(ben.id, room.subarray(0, sizeOf(at)).fill(at % 251))
      }
      await arrived
      expect(faults).toEqual([])
    })

    test('carry frames both ways at once', async () => {
      const [ada, ben] = await visitors.linked()
      const both = [ada.receives(100), ben.receives(100)]
      for (let at = 0; at < 100; at++) {
        ada.links.send(ben.id, new Uint8Array(5_000))
        ben.links.send(ada.id, new Uint8Array(5_000))
      }
      await Promise.all(both)
    })

    test('say so when they have drained after being full, and not otherwise', async () => {
      const [ada, ben] = await visitors.linked()
      const { highWaterBytes } = ada.links
      const few = ben.receives(5)
      for (let at = 0; at < 5; at++) ada.links.send(ben.id, new Uint8Array(highWaterBytes / 8))
      await few
      await visitors.exchange(ada, ben)
      expect(ada.log).not.toContain(`drained ${ben.id}`)
      let sent = 0
      const drained = ada.drained(ben)
      for (; ada.links.unsentBytes(ben.id) < highWaterBytes; sent++)
        ada.links.send(ben.id, new Uint8Array(100_000))
      const arrived = ben.receives(sent)
      await drained
      expect(ada.links.unsentBytes(ben.id)).toBeLessThan(highWaterBytes)
      await arrived
      expect(ada.log.filter((line) => line === `drained ${ben.id}`)).toHaveLength(1)
    })

    test('tell the other side once when closed, and oneself not at all', async () => {
      const [ada, ben] = await visitors.linked()
      const closed = ben.closed(ada)
      ada.links.close(ben.id)
      await closed
      ben.links.close(ada.id)
      await visitors.exchange(...(await visitors.linked()))
      expect(ben.log).toEqual([`opened ${ada.id}`, `closed ${ada.id}`])
      expect(ada.log).toEqual([`opened ${ben.id}`])
    })

    test('can be opened again after they were closed', async () => {
      const [ada, ben] = await visitors.linked()
      const closed = ben.closed(ada)
      ada.links.close(ben.id)
      await closed
      ben.links.connect(ada.id)
      await Promise.all([ada.opened(ben), ben.opened(ada)])
      await visitors.exchange(ada, ben)
    })

    test('drop what is sent while they are not open', async () => {
      const [ada, ben, cyd] = visitors.come(3)
      ada.links.send(ben.id, new Uint8Array(10))
      ada.links.connect(ben.id)
      ada.links.send(ben.id, new Uint8Array(11))
      expect(ada.links.unsentBytes(ben.id)).toBe(0)
      expect(ada.links.unsentBytes(cyd.id)).toBe(0)
      expect(ada.links.maxFrameBytes(cyd.id)).toBeGreaterThan(0)
      await Promise.all([ada.opened(ben), ben.opened(ada)])
      await visitors.exchange(ada, ben)
      expect(ben.log).toEqual([`opened ${ada.id}`, `frame ${ada.id} 1`])
    })

    test('survive any signal', async () => {
      const [ada, ben, cyd] = visitors.come(3)
      ada.links.connect(ben.id)
      for (const data of HOSTILE_SIGNALS) {
        ada.links.signal(ben.id, data)
        ada.links.signal(cyd.id, data)
        ben.links.signal(ada.id, data)
      }
      await Promise.all([ada.opened(ben), ben.opened(ada)])
      for (const data of HOSTILE_SIGNALS) ada.links.signal(ben.id, data)
      await visitors.exchange(ada, ben)
      expect(ada.log.filter((line) => line.startsWith('opened'))).toEqual([`opened ${ben.id}`])
    })

    test('to many peers all open, though few are set up at once', async () => {
      const [ada, ...others] = visitors.come(9)
      for (const other of others) ada.links.connect(other.id)
      await Promise.all(others.flatMap((other) => [ada.opened(other), other.opened(ada)]))
      for (const other of others) await visitors.exchange(ada, other)
    })

    test('that wait for their turn can be given up', async () => {
      const [ada, ...others] = visitors.come(9)
      for (const other of others) ada.links.connect(other.id)
      const [last] = others.splice(-1)
      if (last === undefined) throw new Error('Nobody came.')
      ada.links.close(last.id)
      await Promise.all(others.map((other) => ada.opened(other)))
      expect(last.log).toEqual([])
      expect(ada.log.join()).not.toContain(last.id)
    })

    test('are silent once all were closed', async () => {
      const [ada, ben] = await visitors.linked()
      const cyd = visitors.come(1)[0]
      const closed = ben.closed(ada)
      ada.links.connect(cyd.id)
      ben.links.send(ada.id, new Uint8Array(10))
      ada.links.closeAll()
      await closed
      await visitors.exchange(...(await visitors.linked()))
      expect(ada.log).toEqual([`opened ${ben.id}`])
    })
  })
}

const SESSION = 'abcdef01'

const HOSTILE_SIGNALS: readonly unknown[] = [
  undefined,
  null,
  0,
  'offer',
  [],
  {},
  { type: 'offer' },
  { type: 'answer', session: SESSION, sdp: 7 },
  {
    type: 'offer',
    session: 'no session',
    sdp: 'v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n',
  },
  { type: 'answer', session: SESSION, sdp: 'v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n' },
  { type: 'offer', session: SESSION, sdp: `v=0\r\n${'a'.repeat(20_000)}` },
  {
    type: 'offer',
    session: SESSION,
    sdp: 'v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nm=application 9 x y\r\n',
  },
  { type: 'candidate', session: SESSION, candidate: 'candidate:1 1 udp 1 127.0.0.1 9 typ host' },
  { type: 'candidate', session: SESSION, candidate: { candidate: 'x' } },
  { type: 'candidate', session: SESSION, candidate: 'x'.repeat(10_000) },
  { type: 'renegotiate', session: SESSION, renegotiate: true },
  { type: 'transceiverRequest', session: SESSION, transceiverRequest: { kind: 'video' } },
  JSON.parse('{"__proto__": {"type": "offer"}, "session": "abcdef01"}'),
]
