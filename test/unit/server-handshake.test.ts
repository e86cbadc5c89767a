import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'

import { afterEach, describe, expect, it } from 'vitest'

import {
  startTopologyServer,
  type TopologyServer,
  type TopologyServerOptions,
} from '../../signaling-server/server.ts'
import { FACTS, LOCATOR, TopologyVisitor } from './topology-visitor.ts'

const servers: TopologyServer[] = []

async function start(options: TopologyServerOptions = {}): Promise<TopologyServer> {
  const server = await startTopologyServer({ port: 0, drainMs: 200, ...options })
  servers.push(server)
  return server
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

/** Sends these bytes over a bare TCP connection and resolves to all that comes back before the server closes it. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connectTcp(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (bytes) => (answer += bytes.toString()))
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(text)
  await once(socket, 'close')
  return answer
}

describe('plain HTTP', () => {
  it('is told to upgrade', async () => {
    const response = await fetch((await start()).url.replace('ws:', 'http:'))
    expect(response.status).toBe(426)
    expect(await response.text()).toContain('WebSocket')
  })

  it('may ask for the health of the server', async () => {
    const response = await fetch(`${(await start()).url.replace('ws:', 'http:')}/health`)
    expect([response.status, await response.text()]).toStrictEqual([200, 'ok'])
  })

  it.each([
    ['a request that never ends', 'GET / HTTP/1.1\r\nHost: a\r\n', '408'],
    [
      'more headers than a visitor has',
      `GET / HTTP/1.1\r\n${'X-Header: value\r\n'.repeat(2_000)}\r\n`,
      '431',
    ],
    ['what is not HTTP', '\u0016\u0003\u0001', '400'],
    [
      'a WebSocket without a key',
      'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      '400',
    ],
  ])('is refused for %s', async (_, text, status) => {
    const { port } = await start({ handshakeWithinMs: 200 })
    expect(await exchange(port, text)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  })

  it('does not hold a connection that says nothing', async () => {
    const { port } = await start({ handshakeWithinMs: 200 })
    expect(await exchange(port, '')).toMatch(/^(?:HTTP\/1.1 408 |$)/)
  })
})

describe('a handshake', () => {
  it('is for the pages that are allowed, where any are named', async () => {
    const { url } = await start({ pageOrigins: ['https://www.example.com'] })
    await TopologyVisitor.connect(url, { origin: 'https://www.example.com' })
    for (const origin of ['https://evil.example.com', 'http://www.example.com', 'null']) {
      await expect(TopologyVisitor.connect(url, { origin })).rejects.toThrow('403')
    }
    await expect(TopologyVisitor.connect(url)).rejects.toThrow('403')
  })

  it('is refused while the server is full', async () => {
    const { url } = await start({ maxConnections: 1 })
    const only = await TopologyVisitor.connect(url)
    await expect(TopologyVisitor.connect(url)).rejects.toThrow('503')
    only.say({ type: 'leave' })
    await only.closed
    const again = (): Promise<unknown> => TopologyVisitor.connect(url).catch(() => null)
    await expect.poll(again, { timeout: 4_000 }).not.toBeNull()
  })

  it('tells which network a visitor is from, behind a proxy that is trusted', async () => {
    const ofOneNetwork = Array.from({ length: 9 }, (_, index) => `203.0.113.9, 192.0.2.${index}`)
    const forwarded = ['10.0.0.1', ...ofOneNetwork, '198.51.100.1']
    const introduced = async (trustProxy: boolean): Promise<(number | undefined)[]> => {
      const { url } = await start({ trustProxy, limits: { introductions: 3 } })
      const indexOf = new Map<string, number>()
      let peers: readonly string[] = []
      for (const [index, address] of forwarded.entries()) {
        const visitor = await TopologyVisitor.connect(url, { headers: { 'x-forwarded-for': address } })
        visitor.say({ type: 'join', version: 1, locator: LOCATOR, facts: FACTS })
        const welcome = await visitor.next()
        if (welcome.type !== 'welcome') throw new Error('Not a welcome.')
        indexOf.set(welcome.id, index)
        peers = welcome.peers
      }
      return peers.map((id) => indexOf.get(id))
    }
    expect(await introduced(true)).toEqual(expect.arrayContaining([9, 0]))
    expect(await introduced(false)).toEqual(expect.arrayContaining([9, 8]))
  })
})

describe('a server that closes', () => {
  it('says goodbye to everybody, refuses newcomers, and is then gone', async () => {
    const server = await start()
    const visitors = await Promise.all([1, 2, 3].map(() => TopologyVisitor.join(server.url)))
    const closing = server.close()
    expect(await Promise.all(visitors.map(({ visitor }) => visitor.closed))).toStrictEqual([1001, 1001, 1001])
    await closing
    await expect(TopologyVisitor.connect(server.url)).rejects.toThrow('ECONNREFUSED')
  })

  it('does not wait for who does not answer', async () => {
    const server = await start()
    const { visitor } = await TopologyVisitor.join(server.url)
    visitor.socket.pause()
    const idle = connectTcp(server.port, '127.0.0.1')
    idle.on('error', () => undefined)
    await once(idle, 'connect')
    await server.close()
    visitor.socket.resume()
    expect(await visitor.closed).toBeGreaterThan(1000)
    idle.destroy()
  })
})

describe('impossible options', () => {
  it.each<[string, TopologyServerOptions]>([
    ['page origins with a path', { pageOrigins: ['https://www.example.com/download'] }],
    ['origins that are none', { origins: ['example.com'] }],
    ['an ICE server that visitors would refuse', { iceServers: [{ urls: ['https://example.com'] }] }],
    [
      'more ICE servers than a welcome holds',
      { iceServers: Array.from({ length: 9 }, () => ({ urls: ['stun:a'] })) },
    ],
    ['a heartbeat that keeps visitors busy', { heartbeatMs: 99 }],
  ])('are refused before anything listens: %s', async (_, options) => {
    await expect(startTopologyServer({ port: 0, ...options })).rejects.toThrow(TypeError)
  })

  it('such as a port that is taken reject as the network stack says it', async () => {
    const { port } = await start()
    await expect(startTopologyServer({ port })).rejects.toThrow('EADDRINUSE')
  })
})
