import { describe, expect, test } from 'vitest'

import { MAX_CANDIDATE_LENGTH, MAX_SDP_LENGTH, parseLinkSignal } from '../../src/browser/link-signals.ts'

const session = '0123abcd'
const SDP_HEAD = 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n'
const SDP = `${SDP_HEAD}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=sctp-port:5000\r\n`

describe('a signal is taken', () => {
  test.each(['offer', 'answer'])(
    'that is an %s of a data channel, with nothing but its own fields',
    (type) => {
      const data = { type, session, sdp: SDP, renegotiate: true, transceiverRequest: { kind: 'video' } }
      expect(parseLinkSignal(data)).toEqual({ type, session, sdp: SDP })
    },
  )

  test.each([
    'candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 10.0.0.1 rport 46154 generation 0 ufrag 6pLn network-cost 999',
    'candidate:0 1 UDP 2122252543 192.168.1.2 58000 typ host',
    'candidate:1 1 TCP 2105524479 192.168.1.2 9 typ host tcptype active',
    'candidate:3 1 udp 41885439 2001:db8::1 3478 typ relay raddr :: rport 0',
    'candidate:7 1 udp 2113937151 0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9.local 51999 typ host',
  ])('that is the candidate "%s"', (candidate) => {
    expect(parseLinkSignal({ type: 'candidate', session, candidate })).toEqual({
      type: 'candidate',
      session,
      candidate,
    })
  })

  test('up to the longest description', () => {
    const sdp = SDP.padEnd(MAX_SDP_LENGTH, 'a')
    expect(parseLinkSignal({ type: 'offer', session, sdp })).not.toBeNull()
    expect(parseLinkSignal({ type: 'offer', session, sdp: `${sdp}a` })).toBeNull()
  })
})

describe('a signal is dropped', () => {
  const candidate = 'candidate:1 1 udp 1 127.0.0.1 9 typ host'

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['no object', 'offer'],
    ['without a type', { session, sdp: SDP }],
    ['of an unknown type', { type: 'pranswer', session, sdp: SDP }],
    ['without a session', { type: 'offer', sdp: SDP }],
    ['with too long a session', { type: 'offer', session: `${session}0`, sdp: SDP }],
    ['with upper case in its session', { type: 'offer', session: session.toUpperCase(), sdp: SDP }],
    ['without a description', { type: 'offer', session }],
    ['whose description is no text', { type: 'offer', session, sdp: [SDP] }],
    ['whose description is another language', { type: 'offer', session, sdp: ` ${SDP}` }],
    ['without media', { type: 'offer', session, sdp: SDP_HEAD }],
    ['with sound', { type: 'offer', session, sdp: `${SDP_HEAD}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n` }],
    ['with sound besides', { type: 'offer', session, sdp: `${SDP}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n` }],
    ['with two channels’ media', { type: 'offer', session, sdp: `${SDP}m=application 9 x webrtc\r\n` }],
    ['without a candidate', { type: 'candidate', session }],
    ['whose candidate is an object', { type: 'candidate', session, candidate: { candidate } }],
    ['that ends the candidates', { type: 'candidate', session, candidate: '' }],
    ['whose candidate has a line break', { type: 'candidate', session, candidate: `${candidate}\r\na=x` }],
    [
      'whose candidate has a port too long',
      { type: 'candidate', session, candidate: candidate.replace('9', '123456') },
    ],
    [
      'whose candidate is of no kind',
      { type: 'candidate', session, candidate: candidate.replace('host', 'guess') },
    ],
    [
      'whose candidate is too long',
      { type: 'candidate', session, candidate: `${candidate}${' x'.repeat(MAX_CANDIDATE_LENGTH / 2)}` },
    ],
  ])('%s', (_, data) => {
    expect(parseLinkSignal(data)).toBeNull()
  })

  test('a long candidate that fails at its last character', () => {
    const hostile = `candidate:1 1 udp 1 ${'a.'.repeat(120)} 9 typ host${' a'.repeat(100)}\n`
    for (let times = 0; times < 1_000; times++)
      expect(parseLinkSignal({ type: 'candidate', session, candidate: hostile })).toBeNull()
  })
})
