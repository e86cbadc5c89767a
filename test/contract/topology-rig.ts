/**
 * A real topology server that can be killed, restarted and muted: it stands behind a TCP relay whose port stays the
 * same. Runs in Node; `test/browser/servers.ts` lends rigs to tests in a browser.
 */

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

import { startTopologyServer, type TopologyServer } from '../../signaling-server/server.ts'

export interface TopologyRig {
  readonly url: string
  /** Ends the server and every connection, without a word. */
  kill(): Promise<void>
  /** A new server, which knows of nothing, at the same URL. */
  restart(): Promise<void>
  /** The server closes as it does for a new version of itself: it says that it is going away. */
  drain(): Promise<void>
  /** From now on connections are taken, and nothing comes through them, not even their end. Until `kill`. */
  mute(): Promise<void>
  /** Connections to the server at this moment. */
  connections(): Promise<number>
  stop(): Promise<void>
}

export async function startTopologyRig(heartbeatMs = 60_000): Promise<TopologyRig> {
  const rig = new Rig(heartbeatMs)
  await rig.restart()
  return rig
}

class Rig implements TopologyRig {
  private readonly heartbeatMs: number
  private readonly sockets = new Set<Socket>()
  private relay: Server | null = null
  private server: TopologyServer | null = null
  private port = 0
  private visitors = 0
  private isMute = false

  constructor(heartbeatMs: number) {
    this.heartbeatMs = heartbeatMs
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`
  }

  async kill(): Promise<void> {
    const { relay, server } = this
    this.relay = null
    this.server = null
    this.isMute = false
    const isRelayClosed = new Promise((resolve) => relay?.close(resolve) ?? resolve(undefined))
    for (const socket of this.sockets) socket.destroy()
    await Promise.all([isRelayClosed, server?.close()])
  }

  async restart(): Promise<void> {
    const server = await startTopologyServer({ port: 0, heartbeatMs: this.heartbeatMs, drainMs: 200 })
    const relay = createServer((visitor) => this.join(visitor, connect(server.port, '127.0.0.1')))
    await new Promise<void>((resolve) => relay.listen(this.port, '127.0.0.1', resolve))
    this.port = (relay.address() as AddressInfo).port
    this.server = server
    this.relay = relay
  }

  async drain(): Promise<void> {
    const { server } = this
    this.server = null
    await server?.close()
    await this.kill()
  }

  async mute(): Promise<void> {
    this.isMute = true
  }

  async connections(): Promise<number> {
    return this.visitors
  }

  stop(): Promise<void> {
    return this.kill()
  }

  private join(visitor: Socket, server: Socket): void {
    this.visitors++
    visitor.once('close', () => this.visitors--)
    for (const [from, to] of [
      [visitor, server],
      [server, visitor],
    ] as const) {
      this.sockets.add(from)
      from.on('data', (bytes) => (this.isMute ? undefined : to.write(bytes)))
      from.on('end', () => (this.isMute ? undefined : to.end()))
      from.on('error', () => from.destroy())
      from.on('close', () => {
        this.sockets.delete(from)
        if (!this.isMute) to.destroy()
      })
    }
  }
}
