import { afterEach, describe, expect, it } from 'vitest'

import type { PeerId } from '../../src/core/types.ts'
import { MAX_TOPOLOGY_MESSAGE_BYTES } from '../../src/core/wire/limits.ts'
import type { IceServer } from '../../src/core/wire/topology-messages.ts'
import {
  startTopologyServer,
  type TopologyServer,
  type TopologyServerOptions,
} from '../../signaling-server/server.ts'
import { FACTS, TopologyVisitor } from './topology-visitor.ts'

const servers: TopologyServer[] = []
const defects: string[] = []

async function start(options: TopologyServerOptions = {}): Promise<TopologyServer> {
  const server = await startTopologyServer({
    port: 0,
    drainMs: 200,
    log: (line) => defects.push(line),
    ...options,
  })
  servers.push(server)
  return server
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
  expect(defects.splice(0)).toStrictEqual([])
})

/** As a newcomer sees it, who leaves again. */
async function fetchSwarmSize(url: string): Promise<number> {
  const { visitor, welcome } = await TopologyVisitor.join(url)
  visitor.say({ type: 'leave' })
  await visitor.closed
  return welcome.swarmSize
}

function iceServersOf(id: PeerId): readonly IceServer[] {
  return [{ urls: ['turn:turn.example.com'], username: `9:${id}`, credential: 'c' }]
}

function pingOf(bytes: number): string {
  const empty = JSON.stringify({ type: 'ping', filler: '' })
  return JSON.stringify({ type: 'ping', filler: 'x'.repeat(bytes - empty.length) })
}

describe('a member', () => {
  it('gets its id back by its token, from this server only, and nobody else does', async () => {
    const [server, other] = [await start(), await start()]
    const { visitor, id, welcome } = await TopologyVisitor.join(server.url)
    expect(welcome.window).toBe(64)
    visitor.say({ type: 'detach' })
    expect(await visitor.closed).toBe(1000)
    const resume = { id, token: welcome.token, swarmSize: null }
    const again = await TopologyVisitor.join(server.url, FACTS, { resume })
    expect(again.id).toBe(id)
    const thief = await TopologyVisitor.join(server.url)
    const stolen = { id, token: thief.welcome.token, swarmSize: null }
    expect((await TopologyVisitor.join(server.url, FACTS, { resume: stolen })).id).not.toBe(id)
    expect((await TopologyVisitor.join(other.url, FACTS, { resume })).id).not.toBe(id)
    expect(await again.visitor.settled()).toStrictEqual([])
  })

  it('that comes back before its old socket is seen to be dead takes its place', async () => {
    const { url } = await start()
    const { visitor, id, welcome } = await TopologyVisitor.join(url)
    const resume = { id, token: welcome.token, swarmSize: null }
    const again = await TopologyVisitor.join(url, FACTS, { resume })
    expect(await visitor.closed).toBe(1000)
    expect(again.welcome).toMatchObject({ id, swarmSize: 1, peers: [] })
  })

  it('is released when time pushes it out of the window, though nobody comes', async () => {
    const { url } = await start({ limits: { window: 1, graceMs: 50 }, heartbeatMs: 400 })
    const first = await TopologyVisitor.join(url)
    await TopologyVisitor.join(url)
    expect(await first.visitor.next()).toStrictEqual({ type: 'released', swarmSize: 2 })
  })
})

describe('visitors of a server', () => {
  it('are introduced, signal each other, and learn who has left', async () => {
    const { url } = await start()
    const first = await TopologyVisitor.join(url, null)
    const second = await TopologyVisitor.join(url, null)
    expect(second.welcome).toMatchObject({
      joinIndex: 1,
      swarmSize: 2,
      peers: [first.id],
      heartbeatMs: 60_000,
    })

    second.visitor.say({ type: 'signal', to: first.id, data: { sdp: 'offer' } })
    expect(await first.visitor.next()).toStrictEqual({
      type: 'signal',
      from: second.id,
      data: { sdp: 'offer' },
    })
    first.visitor.say({ type: 'signal', to: second.id, data: ['answer'] })
    expect(await second.visitor.next()).toStrictEqual({ type: 'signal', from: first.id, data: ['answer'] })

    first.visitor.say({ type: 'facts', facts: FACTS })
    expect(await second.visitor.next()).toStrictEqual({ type: 'facts', facts: FACTS })

    first.visitor.say({ type: 'leave' })
    expect(await first.visitor.closed).toBe(1000)
    second.visitor.say({ type: 'signal', to: first.id, data: 1 })
    expect(await second.visitor.next()).toStrictEqual({ type: 'gone', peer: first.id })
    expect((await TopologyVisitor.join(url)).welcome).toMatchObject({ swarmSize: 2, peers: [second.id] })
  })

  it('get ids that are not made from each other', async () => {
    const { url } = await start()
    const ids = await Promise.all([1, 2, 3, 4].map(async () => (await TopologyVisitor.join(url)).id))
    for (let digit = 0; digit < 16; digit += 4) {
      expect(new Set(ids.map((id) => id.slice(digit, digit + 4))).size).toBeGreaterThan(1)
    }
  })

  it('cannot signal who was not introduced to them', async () => {
    const { url } = await start({ limits: { introductions: 1 } })
    const first = await TopologyVisitor.join(url)
    await TopologyVisitor.join(url)
    const third = await TopologyVisitor.join(url)
    third.visitor.say({ type: 'signal', to: first.id, data: 'psst' })
    expect(await third.visitor.settled()).toStrictEqual([])
    expect(await first.visitor.settled()).toStrictEqual([])
  })

  it('are no longer counted once their socket has broken without a word', async () => {
    const { url } = await start()
    const first = await TopologyVisitor.join(url)
    const second = await TopologyVisitor.join(url)
    first.visitor.socket.terminate()
    await expect.poll(() => fetchSwarmSize(url), { timeout: 4_000 }).toBe(2)
    second.visitor.say({ type: 'signal', to: first.id, data: 1 })
    expect(await second.visitor.next()).toStrictEqual({ type: 'gone', peer: first.id })
  })

  it('are given ICE servers, each its own', async () => {
    const { url } = await start({ iceServers: iceServersOf })
    const { id, welcome } = await TopologyVisitor.join(url)
    expect(welcome.iceServers).toStrictEqual(iceServersOf(id))
  })
})

describe('a hostile socket', () => {
  it.each([
    ['bad JSON', '{"type":'],
    ['JSON that is no message', '[]'],
    ['an impossible message', '{"type":"signal","to":"me"}'],
  ])('is told and closed for %s', async (_, text) => {
    const { url } = await start()
    const visitor = await TopologyVisitor.connect(url)
    visitor.socket.send(text)
    expect(await visitor.next()).toMatchObject({ type: 'error', code: 'malformed' })
    expect(await visitor.closed).toBe(1008)
  })

  it('is closed for a message above the limit, and one at the limit is read', async () => {
    const { url } = await start()
    const visitor = await TopologyVisitor.connect(url)
    visitor.socket.send(pingOf(MAX_TOPOLOGY_MESSAGE_BYTES))
    expect(await visitor.next()).toStrictEqual({ type: 'pong', swarmSize: null })
    visitor.socket.send(pingOf(MAX_TOPOLOGY_MESSAGE_BYTES + 1))
    expect(await visitor.closed).toBe(1009)
  })

  it('is closed for a binary message', async () => {
    const { url } = await start()
    const visitor = await TopologyVisitor.connect(url)
    visitor.socket.send(Buffer.from('{"type":"ping"}'))
    expect(await visitor.closed).toBe(1003)
  })

  it('is closed for text that is not UTF-8', async () => {
    const { url } = await start()
    const visitor = await TopologyVisitor.connect(url)
    visitor.socket.send(Buffer.from([0x22, 0xff, 0xfe, 0x22]), { binary: false })
    expect(await visitor.closed).toBe(1007)
  })

  it('may send a message in a few fragments, but is closed for many', async () => {
    const { url } = await start()
    const visitor = await TopologyVisitor.connect(url)
    visitor.socket.send('{"type":', { fin: false })
    visitor.socket.send('"ping"}', { fin: true })
    expect(await visitor.next()).toStrictEqual({ type: 'pong', swarmSize: null })
    for (let count = 0; count < 1_000; count++) visitor.socket.send(' ', { fin: false })
    expect(await visitor.closed).toBe(1008)
  })

  it('is closed for too many messages', async () => {
    const { url } = await start({ limits: { messages: { ratePerSec: 1, burst: 5 } } })
    const visitor = await TopologyVisitor.connect(url)
    for (let count = 0; count < 20; count++) visitor.say({ type: 'ping' })
    expect(await visitor.closed).toBe(1008)
  })

  it('that is silent is closed, while one that pings is kept', async () => {
    const { url } = await start({ heartbeatMs: 1_000 })
    const alive = await TopologyVisitor.join(url)
    const silent = await TopologyVisitor.join(url)
    const pinging = setInterval(() => alive.visitor.say({ type: 'ping' }), 100)
    expect(await silent.visitor.closed).toBe(1006)
    clearInterval(pinging)
    expect((await alive.visitor.settled()).every(({ type }) => type === 'pong')).toBe(true)
  })

  it('is not blamed for silence while the server itself was held up', async () => {
    const { url } = await start({ heartbeatMs: 400 })
    const { visitor } = await TopologyVisitor.join(url)
    visitor.say({ type: 'ping' })
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 800)
    expect(await visitor.settled()).toStrictEqual([])
    expect(await visitor.settled()).toStrictEqual([])
  })

  it('that never joins is closed although it pings', async () => {
    const { url } = await start({ heartbeatMs: 1_000, limits: { joinWithinMs: 300 } })
    const visitor = await TopologyVisitor.connect(url)
    const pinging = setInterval(() => visitor.say({ type: 'ping' }), 50)
    expect(await visitor.closed).toBe(1008)
    clearInterval(pinging)
  })

  it(
    'that does not read loses signals first, and its socket when its own answers pile up',
    { timeout: 30_000 },
    async () => {
      const { url } = await start({
        maxBacklogBytes: 64 * 1024,
        limits: { messages: { ratePerSec: 1e6, burst: 1e6 } },
      })
      const deaf = await TopologyVisitor.join(url)
      const talker = await TopologyVisitor.join(url)
      deaf.visitor.socket.pause()
      for (let count = 0; count < 1_000; count++) {
        talker.visitor.say({ type: 'signal', to: deaf.id, data: 'x'.repeat(15_000) })
        if (count % 100 === 0) await talker.visitor.settled()
      }
      expect(await fetchSwarmSize(url)).toBe(3)
      const flood = setInterval(() => {
        for (let count = 0; count < 5_000; count++) deaf.visitor.say({ type: 'ping' })
      }, 1)
      await expect.poll(() => fetchSwarmSize(url), { timeout: 10_000 }).toBe(2)
      clearInterval(flood)
      deaf.visitor.socket.terminate()
    },
  )

  it('costs other visitors nothing', async () => {
    const { url } = await start()
    const honest = await TopologyVisitor.join(url)
    for (const text of ['{', '\u0000', '{"type":"join","version":1}']) {
      const hostile = await TopologyVisitor.connect(url)
      hostile.socket.send(text)
      await hostile.closed
    }
    expect(await honest.visitor.settled()).toStrictEqual([])
    expect((await TopologyVisitor.join(url)).welcome.peers).toStrictEqual([honest.id])
  })
})
