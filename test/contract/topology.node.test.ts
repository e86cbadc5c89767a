import type { AddressInfo } from 'node:net'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket as NodeWebSocket, WebSocketServer, type WebSocket as ServerSocket } from 'ws'

import { createTopologySocket, type TopologySocketSettings } from '../../src/browser/topology-socket.ts'
import type { PeerId } from '../../src/core/types.ts'
import { MAX_TOPOLOGY_MESSAGE_BYTES } from '../../src/core/wire/limits.ts'
import { startTopologyRig } from './topology-rig.ts'
import { FACTS, Guest, joinWith, topologySuite } from './topology.suite.ts'

const Original = globalThis.WebSocket

beforeEach(() => {
  globalThis.WebSocket = NodeWebSocket as unknown as typeof WebSocket
})

afterEach(() => {
  globalThis.WebSocket = Original
})

topologySuite(
  'topologySocket',
  (urls, events) => createTopologySocket(urls, events, { random: () => 0 }),
  startTopologyRig,
)

const WELCOME = {
  type: 'welcome',
  version: 1,
  id: '0123456789abcdef',
  token: 'token',
  joinIndex: 0,
  swarmSize: 1,
  window: 64,
  seats: null,
  peers: [],
  facts: null,
  iceServers: [],
  heartbeatMs: 60_000,
}

describe('a server of another mind', () => {
  let script: Script

  beforeEach(async () => {
    script = await startScript()
  })

  afterEach(() => script.stop())

  test('whose messages are malformed, oversized, binary or unknown is heard where it makes sense', async () => {
    const guest = guestOf(script)
    guest.topology.join(joinWith(null))
    const socket = await script.nextVisitor()
    socket.send('not JSON')
    socket.send('{"type":"welcome"}')
    socket.send('null')
    socket.send(JSON.stringify({ type: 'later' }))
    socket.send(JSON.stringify({ ...WELCOME, padding: 'x'.repeat(MAX_TOPOLOGY_MESSAGE_BYTES) }))
    socket.send(Buffer.from(JSON.stringify(WELCOME)))
    socket.send(JSON.stringify({ ...WELCOME, joinIndex: 7 }))
    socket.send(JSON.stringify({ type: 'pong', hello: '__proto__' }))
    await expect
      .poll(() => guest.messages)
      .toEqual([
        { ...WELCOME, joinIndex: 7 },
        { type: 'pong', swarmSize: null },
      ])
    expect(guest.lost).toBe(0)
    guest.topology.close()
  })

  test.each(['version', 'forbidden'] as const)('is not tried again after "%s"', async (code) => {
    const guest = guestOf(script)
    guest.topology.join(joinWith(null))
    const socket = await script.nextVisitor()
    socket.send(JSON.stringify({ type: 'error', code, sentence: 'Go away.' }))
    socket.close()
    await guest.untilLost(1)
    expect(guest.messages).toEqual([{ type: 'error', code, sentence: 'Go away.' }])
    const passerBy = guestOf(script)
    passerBy.topology.join(joinWith(null))
    await heardFrom(await script.nextVisitor())
    passerBy.topology.close()
    expect(script.visitors).toBe(2)
    expect(guest.lost).toBe(1)
  })

  test.each(['malformed', 'rate', 'full'] as const)('is tried again after "%s"', async (code) => {
    const guest = guestOf(script)
    guest.topology.join(joinWith(null))
    const socket = await script.nextVisitor()
    socket.send(JSON.stringify({ type: 'error', code, sentence: 'Not now.' }))
    socket.close()
    await script.nextVisitor()
    guest.topology.close()
  })

  test('that never says welcome is given up in time', async () => {
    const guest = guestOf(script, { welcomeWithinMs: 30 })
    guest.topology.join(joinWith(null))
    await script.nextVisitor()
    await guest.untilLost(1)
    await script.nextVisitor()
    guest.topology.close()
  })

  test('gets the join first, with the newest facts', async () => {
    const guest = guestOf(script)
    guest.topology.join(joinWith(null))
    guest.topology.send({ type: 'facts', facts: FACTS })
    const socket = await script.nextVisitor()
    expect(await heardFrom(socket)).toEqual(joinWith(FACTS))
    guest.topology.close()
  })

  test('gives the visitor back its id when the connection was lost, by the token of the latest welcome', async () => {
    const guest = guestOf(script)
    guest.topology.join(joinWith(null))
    const first = await script.nextVisitor()
    await heardFrom(first)
    first.send(JSON.stringify(WELCOME))
    first.send(JSON.stringify({ ...WELCOME, token: 'later' }))
    await guest.next('welcome')
    await guest.next('welcome')
    first.terminate()
    const resume = { id: WELCOME.id, token: 'later', swarmSize: null }
    expect(await heardFrom(await script.nextVisitor())).toEqual({ ...joinWith(null), resume })
    guest.topology.close()
  })

  test('hears the resume that the caller gives, until it has welcomed it, and its own from then on', async () => {
    const guest = guestOf(script)
    const { id } = WELCOME
    const given = { id: id as PeerId, token: 'given', swarmSize: 9 }
    guest.topology.join({ ...joinWith(null), resume: given })
    const first = await script.nextVisitor()
    expect(await heardFrom(first)).toEqual({ ...joinWith(null), resume: given })
    first.terminate()
    const second = await script.nextVisitor()
    expect(await heardFrom(second)).toEqual({ ...joinWith(null), resume: given })
    second.send(JSON.stringify(WELCOME))
    await guest.next('welcome')
    second.terminate()
    const resume = { id, token: WELCOME.token, swarmSize: null }
    expect(await heardFrom(await script.nextVisitor())).toEqual({ ...joinWith(null), resume })
    guest.topology.close()
  })

  test('that gives no token is joined as if for the first time', async () => {
    const guest = guestOf(script)
    guest.topology.join(joinWith(null))
    const first = await script.nextVisitor()
    first.send(JSON.stringify({ ...WELCOME, token: '' }))
    await guest.next('welcome')
    first.terminate()
    expect(await heardFrom(await script.nextVisitor())).toEqual({ ...joinWith(null), resume: null })
    guest.topology.close()
  })

  test('hears that the visitor detaches', async () => {
    const guest = guestOf(script)
    guest.topology.join(joinWith(null))
    const socket = await script.nextVisitor()
    await heardFrom(socket)
    const last = heardFrom(socket)
    guest.topology.detach()
    expect(await last).toEqual({ type: 'detach' })
    guest.topology.close()
  })

  test('is asked soon after its welcome how many there are by now, once at each time', async () => {
    const guest = guestOf(script, { countedAfterMs: [20, 40] })
    guest.topology.join(joinWith(null))
    const first = await script.nextVisitor()
    const heard: unknown[] = []
    first.on('message', (data: Buffer) => heard.push(JSON.parse(data.toString())))
    first.send(JSON.stringify(WELCOME))
    await expect.poll(() => heard.length).toBe(3)
    expect(heard).toEqual([joinWith(null), { type: 'ping' }, { type: 'ping' }])
    first.send(JSON.stringify({ type: 'pong', swarmSize: 48 }))
    expect(await guest.next('pong')).toEqual({ type: 'pong', swarmSize: 48 })
    guest.topology.close()
  })

  test('that counts, and throws the visitor out again, is tried ever more seldom', async () => {
    const guest = guestOf(script, { random: () => 0.99, firstBackOffMs: 20, countedAfterMs: [0] })
    script.greet((socket) => {
      socket.send(JSON.stringify(WELCOME))
      socket.on('message', (data: Buffer) => {
        if (data.toString() !== '{"type":"ping"}') return
        socket.send(JSON.stringify({ type: 'pong', swarmSize: 48 }), () => socket.close())
      })
    })
    guest.topology.join(joinWith(null))
    await guest.untilLost(3)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    // 20 ms after each would be some forty by now; doubled each time, it is six.
    expect(script.visitors).toBeLessThan(12)
    expect(guest.messages.filter(({ type }) => type === 'pong').length).toBeGreaterThanOrEqual(3)
    guest.topology.close()
  })

  test('sees that the visitor leaves', async () => {
    const guest = guestOf(script)
    guest.topology.join(joinWith(null))
    const socket = await script.nextVisitor()
    await heardFrom(socket)
    const last = heardFrom(socket)
    guest.topology.close()
    expect(await last).toEqual({ type: 'leave' })
  })
})

test('without WebSocket the server is lost', async () => {
  Reflect.deleteProperty(globalThis, 'WebSocket')
  const guest = new Guest((urls, events) => createTopologySocket(urls, events, {}), ['ws://127.0.0.1'])
  guest.topology.join(joinWith(null))
  guest.topology.send({ type: 'ping' })
  await guest.untilLost(1)
  guest.topology.close()
})

/** A WebSocket server that says what the test says. */
class Script {
  readonly url: string
  visitors = 0
  private readonly server: WebSocketServer
  private readonly unseen: ServerSocket[] = []
  private wake: (() => void) | null = null
  private greeting: (socket: ServerSocket) => void = () => undefined

  constructor(server: WebSocketServer) {
    this.server = server
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('connection', (socket) => {
      this.visitors++
      this.unseen.push(socket)
      this.greeting(socket)
      this.wake?.()
    })
  }

  /** What becomes of every visitor from now on. */
  greet(greeting: (socket: ServerSocket) => void): void {
    this.greeting = greeting
  }

  /** Its end of the next connection, one that was made already included. */
  async nextVisitor(): Promise<ServerSocket> {
    for (;;) {
      const socket = this.unseen.shift()
      if (socket !== undefined) return socket
      await new Promise<void>((resolve) => {
        this.wake = resolve
      })
    }
  }

  stop(): void {
    for (const socket of this.server.clients) socket.terminate()
    this.server.close()
  }
}

async function startScript(): Promise<Script> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await new Promise((resolve) => server.once('listening', resolve))
  return new Script(server)
}

function heardFrom(socket: ServerSocket): Promise<unknown> {
  return new Promise((resolve) => {
    socket.once('message', (data: Buffer) => resolve(JSON.parse(data.toString())))
  })
}

function guestOf(script: Script, settings: Partial<TopologySocketSettings> = {}): Guest {
  return new Guest(
    (urls, events) => createTopologySocket(urls, events, { random: () => 0, ...settings }),
    [script.url],
  )
}
