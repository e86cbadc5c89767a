/** The line between namespaces, as far as it is arithmetic. */

import { describe, expect, it } from 'vitest'

import { destinationOf, fillChecksum, kindOf, packetBytes } from '../../testbed/inner-frame.ts'
import { ShapedLine } from '../../testbed/shaped-line.ts'

const OPTIONS = { rateBitsPerSec: 1_000_000, bufferMs: 100, delayMs: 10 }

describe('a shaped line', () => {
  it('takes its time for each frame, and delays all alike', () => {
    const line = new ShapedLine<string>(OPTIONS)
    line.offer('first', 125, 0)
    line.offer('second', 125, 0)
    expect(line.nextArrivalMs).toBe(11)
    expect(line.arrived(10.9)).toEqual([])
    expect(line.arrived(12)).toEqual(['first', 'second'])
    expect(line.nextArrivalMs).toBeNull()
  })

  it('drops what would wait for longer than its buffer is', () => {
    const line = new ShapedLine<number>(OPTIONS)
    let taken = 0
    for (let frame = 0; frame < 50; frame++) if (line.offer(frame, 1250, 0)) taken++
    expect(taken).toBe(11)
    expect(line.queueMs(0)).toBe(110)
    expect(line.queueMs(60)).toBe(50)
    expect(line.offer(50, 1250, 60)).toBe(true)
  })

  it('is true to its rate, however late it is asked', () => {
    const line = new ShapedLine<number>({ ...OPTIONS, bufferMs: 10_000 })
    for (let frame = 0; frame < 100; frame++) line.offer(frame, 1250, 0)
    expect(line.arrived(510)).toHaveLength(50)
    expect(line.arrived(1010)).toHaveLength(50)
  })
})

/** VXLAN, Ethernet, IPv4 from 10.77.0.1 to 10.77.0.2, and then this. */
function frameOf(protocol: number, transport: readonly number[]): Buffer {
  const total = 20 + transport.length
  const ipv4 = [0x45, 0, total >> 8, total & 0xff, 0, 1, 0, 0, 64, protocol, 0, 0, 10, 77, 0, 1, 10, 77, 0, 2]
  return Buffer.from([...Array.from({ length: 20 }, () => 0), 0x08, 0, ...ipv4, ...transport])
}

/** The one's complement sum of pseudo-header and segment; 0xffff where the checksum is right (RFC 1071). */
function verify(frame: Buffer, protocol: number): number {
  const segment = frame.subarray(42)
  const words = [
    ...frame.subarray(34, 42),
    0,
    protocol,
    segment.length >> 8,
    segment.length & 0xff,
    ...segment,
  ]
  if (words.length % 2 === 1) words.push(0)
  let sum = 0
  for (let at = 0; at < words.length; at += 2) sum += ((words[at] ?? 0) << 8) + (words[at + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16)
  return sum
}

describe('a frame out of a tunnel', () => {
  const udp = (payload: number[], port = 7): Buffer =>
    frameOf(17, [0x9c, 0x40, port >> 8, port & 0xff, 0, 8 + payload.length, 0xab, 0xcd, ...payload])
  const tcp = frameOf(
    6,
    [0x9c, 0x40, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 0x50, 16, 1, 0, 0xde, 0xad, 0, 0, 250, 251, 252],
  )

  it('is told by what it carries', () => {
    expect(kindOf(tcp)).toBe('tcp')
    expect(kindOf(udp([1]))).toBe('echo')
    expect(kindOf(udp([1], 40_001))).toBe('webrtc')
    expect(kindOf(frameOf(1, [8, 0, 0, 0, 0, 0, 0, 0]))).toBe('other')
    expect(kindOf(Buffer.alloc(5))).toBe('other')
    expect(packetBytes(tcp)).toBe(43)
  })

  it('says whom it is for, and so does a question for an address', () => {
    expect(destinationOf(tcp)).toBe('10.77.0.2')
    const arp = [0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 77, 0, 1, 0, 0, 0, 0, 0, 0, 10, 77, 0, 9]
    const frame = Buffer.from([...Array.from({ length: 20 }, () => 0), 0x08, 0x06, ...arp])
    expect(destinationOf(frame)).toBe('10.77.0.9')
    expect(destinationOf(Buffer.alloc(60))).toBeNull()
    expect(destinationOf(Buffer.alloc(3))).toBeNull()
  })

  it.each([
    ['UDP of odd length', udp([1, 2, 3]), 17],
    ['UDP of even length', udp([255, 255]), 17],
    ['TCP', tcp, 6],
  ])('gets the right checksum: %s', (_, frame, protocol) => {
    fillChecksum(frame)
    expect(verify(frame, protocol)).toBe(0xffff)
  })
})
