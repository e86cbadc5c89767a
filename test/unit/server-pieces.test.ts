import { describe, expect, it } from 'vitest'

import { parsePeerId } from '../../src/core/types.ts'
import { addressPrefix } from '../../signaling-server/address-prefix.ts'
import { iceServersFor } from '../../signaling-server/ice-servers.ts'
import { RecencyList } from '../../signaling-server/recency-list.ts'
import { TokenBucket } from '../../src/core/token-bucket.ts'
import { parseWebOrigin } from '../../signaling-server/web-origin.ts'

describe('the prefix of an address', () => {
  it.each([
    ['192.0.2.77', '192.0.2'],
    ['::ffff:192.0.2.77', '192.0.2'],
    ['::ffff:c000:24d', '192.0.2'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:0db8:0001:0002::1', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1:2%eth0', 'fe80:0:0:0'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0'],
    ['unix:/tmp/socket', 'unknown'],
    ['192.0.2', 'unknown'],
    ['', 'unknown'],
    [undefined, 'unknown'],
  ])('of %s is %s', (address, prefix) => {
    expect(addressPrefix(address)).toBe(prefix)
  })
})

describe('ICE servers', () => {
  const id = parsePeerId('0123456789abcdef')
  if (id === null) throw new Error('Not an id.')

  it('of the STUN kind are given as they are, those of the TURN kind with credentials for a day', () => {
    const urls = ['stun:a.example.com', 'turn:b.example.com:3478?transport=udp', 'turns:c.example.com']
    expect(iceServersFor({ urls, turnSecret: 'north' }, id, 999)).toStrictEqual([
      { urls: ['stun:a.example.com'] },
      { urls: urls.slice(1), username: '86400:0123456789abcdef', credential: 'FFFNTBPqx4X8K159Lbyth9V7j2g=' },
    ])
  })

  it('are spread over as many entries as their URLs need', () => {
    const urls = [1, 2, 3, 4, 5].map((number) => `stun:${number}.example.com`)
    expect(iceServersFor({ urls }, id, 0)).toStrictEqual([
      { urls: urls.slice(0, 4) },
      { urls: urls.slice(4) },
    ])
    expect(iceServersFor({ urls: [] }, id, 0)).toStrictEqual([])
  })
})

describe('a web origin', () => {
  it.each([
    ['https://www.example.com', 'https://www.example.com'],
    ['https://www.example.com/', 'https://www.example.com'],
    ['HTTPS://WWW.Example.com:443', 'https://www.example.com'],
    ['http://localhost:8080', 'http://localhost:8080'],
    ['https://www.example.com/path', null],
    ['https://user@www.example.com', null],
    ['https://www.example.com?', null],
    ['ftp://www.example.com', null],
    ['www.example.com', null],
    ['', null],
  ])('named by %s is %s', (text, origin) => {
    expect(parseWebOrigin(text)).toBe(origin)
  })
})

describe('a list by recency', () => {
  it('gives back what is left, newest first, from whichever end things are taken', () => {
    const list = new RecencyList<string>()
    const [a, b, c, d] = [list.add('a'), list.add('b'), list.add('c'), list.add('d')]
    list.remove(b)
    expect([...list]).toStrictEqual(['d', 'c', 'a'])
    list.renew(a)
    expect([[...list], list.newest, list.oldest]).toStrictEqual([['a', 'd', 'c'], 'a', 'c'])
    list.remove(c)
    list.remove(a)
    expect([list.newest, list.oldest, list.size]).toStrictEqual(['d', 'd', 1])
    list.remove(d)
    expect([[...list], list.newest, list.oldest, list.size]).toStrictEqual([[], undefined, undefined, 0])
  })
})

describe('a token bucket', () => {
  it('holds no more than its burst, however long nobody takes', () => {
    const bucket = new TokenBucket({ ratePerSec: 1, burst: 2 }, 0)
    const takes = (nowMs: number): boolean[] => [1, 2, 3].map(() => bucket.take(nowMs))
    expect(takes(0)).toStrictEqual([true, true, false])
    expect(takes(1_000)).toStrictEqual([true, false, false])
    expect(takes(1_000_000)).toStrictEqual([true, true, false])
  })

  it('gains nothing when the clock steps back', () => {
    const bucket = new TokenBucket({ ratePerSec: 1, burst: 1 }, 1_000)
    expect([bucket.take(1_000), bucket.take(0), bucket.take(999)]).toStrictEqual([true, false, false])
  })
})
