/**
 * Frames as they come out of a VXLAN tunnel (RFC 7348): whose they are, and the checksums that the kernel leaves to hardware
 * which is not there.
 */

const VXLAN_BYTES = 8
const ETHERNET_BYTES = 14
const PACKET_AT = VXLAN_BYTES + ETHERNET_BYTES
const ETHERTYPE_IPV4 = 0x0800
const ETHERTYPE_ARP = 0x0806
const TCP = 6
const UDP = 17

/** RFC 862. */
export const ECHO_PORT = 7

export type TrafficKind = 'tcp' | 'webrtc' | 'echo' | 'other'

/** Bytes of the network's own packet, without the tunnel's. */
export function packetBytes(frame: Uint8Array): number {
  return Math.max(0, frame.byteLength - PACKET_AT)
}

/** UDP that is no echo is WebRTC: nothing else speaks it here. */
export function kindOf(frame: Buffer): TrafficKind {
  const transport = transportAt(frame)
  if (transport === null) return 'other'
  if (transport.protocol === TCP) return 'tcp'
  const ports = [frame.readUInt16BE(transport.at), frame.readUInt16BE(transport.at + 2)]
  return ports.includes(ECHO_PORT) ? 'echo' : 'webrtc'
}

/**
 * The address that it is for, `10.77.0.2`: of an ARP packet (RFC 826) the one that is asked for, or told. Null: neither IPv4
 * nor ARP.
 */
export function destinationOf(frame: Buffer): string | null {
  if (frame.byteLength < PACKET_AT + 28) return null
  const kind = frame.readUInt16BE(PACKET_AT - 2)
  if (kind === ETHERTYPE_IPV4) return addressAt(frame, PACKET_AT + 16)
  return kind === ETHERTYPE_ARP ? addressAt(frame, PACKET_AT + 24) : null
}

function addressAt(frame: Buffer, at: number): string {
  return frame.subarray(at, at + 4).join('.')
}

/** Puts in the checksum of TCP or UDP (RFC 9293, RFC 768), in place. */
export function fillChecksum(frame: Buffer): void {
  const transport = transportAt(frame)
  if (transport === null) return
  const { at, end, protocol } = transport
  const checksumAt = at + (protocol === TCP ? 16 : 6)
  if (checksumAt + 2 > end) return
  frame.writeUInt16BE(0, checksumAt)
  const addresses = sum16(frame, PACKET_AT + 12, PACKET_AT + 20)
  const folded = fold(addresses + protocol + (end - at) + sum16(frame, at, end))
  // In UDP, zero would say that there is none.
  frame.writeUInt16BE(folded === 0xffff ? 0xffff : ~folded & 0xffff, checksumAt)
}

/** Null: neither TCP nor UDP over IPv4, or a fragment. */
function transportAt(frame: Buffer): { at: number; end: number; protocol: number } | null {
  if (frame.byteLength < PACKET_AT + 20 || frame.readUInt16BE(PACKET_AT - 2) !== ETHERTYPE_IPV4) return null
  const protocol = frame.readUInt8(PACKET_AT + 9)
  if (protocol !== TCP && protocol !== UDP) return null
  if ((frame.readUInt16BE(PACKET_AT + 6) & 0x3fff) !== 0) return null
  const at = PACKET_AT + (frame.readUInt8(PACKET_AT) & 0xf) * 4
  const end = PACKET_AT + frame.readUInt16BE(PACKET_AT + 2)
  return at + 8 <= end && end <= frame.byteLength ? { at, end, protocol } : null
}

function sum16(bytes: Buffer, from: number, to: number): number {
  let sum = 0
  for (let at = from; at + 1 < to; at += 2) sum += bytes.readUInt16BE(at)
  return (to - from) % 2 === 0 ? sum : sum + (bytes.readUInt8(to - 1) << 8)
}

function fold(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000)
  return folded
}
