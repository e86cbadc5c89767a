/**
 * The network that an address belongs to: /24 of IPv4, /64 of IPv6, which are what one household or one small host
 * has to itself. Whoever holds many addresses of one such network counts once where newcomers are introduced.
 */

import { isIPv4, isIPv6 } from 'node:net'

/** Of anything that is not an address: one prefix for all. */
const NO_PREFIX = 'unknown'

/** The prefix as a text to compare, such as `192.0.2` or `2001:db8:0:0`. An IPv4-mapped address is an IPv4 address. */
export function addressPrefix(address: string | undefined): string {
  if (address === undefined) return NO_PREFIX
  if (isIPv4(address)) return ipv4Prefix(address)
  const [withoutZone = ''] = address.split('%')
  if (!isIPv6(withoutZone)) return NO_PREFIX
  const groups = ipv6Groups(withoutZone)
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (!isMapped)
    return groups
      .slice(0, 4)
      .map((group) => group.toString(16))
      .join(':')
  return groups
    .slice(6)
    .flatMap((group) => [group >> 8, group & 0xff])
    .slice(0, 3)
    .join('.')
}

function ipv4Prefix(address: string): string {
  return address.split('.').slice(0, 3).join('.')
}

/** The eight 16-bit groups of a valid IPv6 address. */
function ipv6Groups(address: string): number[] {
  const [head = '', tail] = address.split('::')
  const front = groupsOf(head)
  if (tail === undefined) return front
  const back = groupsOf(tail)
  return [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back]
}

function groupsOf(part: string): number[] {
  if (part === '') return []
  return part.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}
