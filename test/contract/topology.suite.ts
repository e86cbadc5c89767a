/**
 * What any `Topology` must do, against a real server. Run on the WebSocket adapter in a browser and, with the `ws`
 * package's WebSocket, in Node.
 */

import { afterEach, describe, expect, test } from 'vitest'

import { parseLocator, type FileFacts, type Locator } from '../../src/core/types.ts'
import { MAX_TOPOLOGY_MESSAGE_BYTES, PROTOCOL_VERSION } from '../../src/core/wire/limits.ts'
import type { Join, ServerMessage } from '../../src/core/wire/topology-messages.ts'
import type { Topology, TopologyFactory } from '../../src/ports.ts'
import type { TopologyRig } from './topology-rig.ts'

/** `createFast` makes topologies that do not wait before they reconnect. */
export function topologySuite(
  name: string,
  createFast: TopologyFactory,
  startRig: (heartbeatMs?: number) => Promise<TopologyRig>,
): void {
  describe(`${name} as topology`, () => {
    const rigs: TopologyRig[] = []
    const guests: Guest[] = []

    const rigWith = async (heartbeatMs?: number): Promise<TopologyRig> => {
      const rig = await startRig(heartbeatMs)
      rigs.push(rig)
      return rig
    }

    const come = (...urls: string[]): Guest => {
      const guest = new Guest(createFast, urls)
      guests.push(guest)
      return guest
    }

    afterEach(async () => {
      for (const { topology } of guests.splice(0)) topology.close()
      await Promise.all(rigs.splice(0).map((rig) => rig.stop()))
    })

    test('joins, and is welcomed', async () => {
      const rig = await rigWith()
      const guest = come(rig.url)
      guest.topology.join(joinWith(null))
      const welcome = await guest.next('welcome')
      expect(welcome).toMatchObject({ joinIndex: 0, swarmSize: 1, peers: [], facts: null })
      expect(welcome.id).toMatch(/^[0-9a-f]{16}$/)
      expect(guest.lost).toBe(0)
    })

    test('introduces, and carries signals both ways', async () => {
      const rig = await rigWith()
      const [ada, ben] = [come(rig.url), come(rig.url)]
      ada.topology.join(joinWith(FACTS))
      const first = await ada.next('welcome')
      ben.topology.join(joinWith(FACTS))
      const second = await ben.next('welcome')
      expect(second.peers).toEqual([first.id])
      ben.topology.send({ type: 'signal', to: first.id, data: { sdp: 'öffer' } })
      expect(await ada.next('signal')).toEqual({ type: 'signal', from: second.id, data: { sdp: 'öffer' } })
      ada.topology.send({ type: 'signal', to: second.id, data: 'answer' })
      expect(await ben.next('signal')).toEqual({ type: 'signal', from: first.id, data: 'answer' })
    })

    test('says once each time that the server is lost, and joins again when it is back', async () => {
      const rig = await rigWith()
      const guest = come(rig.url)
      guest.topology.join(joinWith(null))
      await guest.next('welcome')
      for (const times of [1, 2]) {
        await rig.kill()
        await guest.untilLost(times)
        await rig.restart()
        await guest.next('welcome')
        expect(guest.lost).toBe(times)
      }
    })

    test('joins again with the facts that were reported last', async () => {
      const rig = await rigWith()
      const [ada, ben] = [come(rig.url), come(rig.url)]
      ada.topology.join(joinWith(null))
      await ada.next('welcome')
      ada.topology.send({ type: 'facts', facts: FACTS })
      await rig.kill()
      await ada.untilLost(1)
      await rig.restart()
      await ada.next('welcome')
      ben.topology.join(joinWith(null))
      expect((await ben.next('welcome')).facts).toEqual(FACTS)
    })

    test('survives a server that sends everybody away', async () => {
      const rig = await rigWith()
      const guest = come(rig.url)
      guest.topology.join(joinWith(null))
      await guest.next('welcome')
      await rig.drain()
      await guest.untilLost(1)
      await rig.restart()
      await guest.next('welcome')
    })

    test('goes to the next server where one is not there', async () => {
      const [gone, rig] = [await rigWith(), await rigWith()]
      await gone.kill()
      const guest = come(gone.url, rig.url)
      guest.topology.join(joinWith(null))
      await guest.next('welcome')
      expect(guest.lost).toBe(1)
    })

    test.each(['ws://', 'ws://127.0.0.1:99999', 'ftp://127.0.0.1', 'ws://127.0.0.1:1#fragment'])(
      'survives the URL "%s"',
      async (url) => {
        const rig = await rigWith()
        const guest = come(url, rig.url)
        guest.topology.join(joinWith(null))
        expect(guest.lost).toBe(0)
        await guest.untilLost(1)
        await guest.next('welcome')
      },
    )

    test('notices a server that has gone silent', async () => {
      const rig = await rigWith(300)
      const guest = come(rig.url)
      guest.topology.join(joinWith(null))
      await guest.next('welcome')
      await guest.next('pong')
      await rig.mute()
      await guest.untilLost(1)
      await rig.kill()
      await rig.restart()
      await guest.next('welcome')
    })

    test('drops what is sent while there is no connection, and what no server would take', async () => {
      const rig = await rigWith()
      const guest = come(rig.url)
      guest.topology.send({ type: 'ping' })
      guest.topology.join(joinWith(null))
      guest.topology.send({ type: 'ping' })
      const { id } = await guest.next('welcome')
      guest.topology.send({ type: 'signal', to: id, data: 'x'.repeat(MAX_TOPOLOGY_MESSAGE_BYTES) })
      guest.topology.send({ type: 'ping' })
      await guest.next('pong')
      expect(guest.lost).toBe(0)
      expect(guest.messages).toEqual([])
    })

    test('gives its socket up when it detaches, and is the same peer when it joins again', async () => {
      const rig = await rigWith()
      const [ada, ben] = [come(rig.url), come(rig.url)]
      ada.topology.join(joinWith(FACTS))
      const first = await ada.next('welcome')
      ben.topology.join(joinWith(FACTS))
      await ben.next('welcome')
      ada.topology.detach()
      ada.topology.detach()
      ada.topology.send({ type: 'ping' })
      await expect.poll(() => rig.connections()).toBe(1)
      ada.topology.join(joinWith(FACTS))
      const second = await ada.next('welcome')
      expect(second).toMatchObject({ id: first.id, swarmSize: 2 })
      expect(second.joinIndex).toBeGreaterThanOrEqual(65_535)
      expect(ada.lost).toBe(0)
    })

    test('detached, it does not come back by itself, and leaves nothing behind when it is closed', async () => {
      const rig = await rigWith()
      const [ada, ben] = [come(rig.url), come('ws://')]
      ada.topology.join(joinWith(null))
      await ada.next('welcome')
      ada.topology.detach()
      ben.topology.join(joinWith(null))
      ben.topology.detach()
      await rig.kill()
      await rig.restart()
      ada.topology.close()
      const caleb = come(rig.url)
      caleb.topology.join(joinWith(null))
      expect(await caleb.next('welcome')).toMatchObject({ joinIndex: 0, swarmSize: 1 })
      expect([await rig.connections(), ada.lost, ben.lost]).toEqual([1, 0, 0])
    })

    test('lost before it detached, it says so again when it is lost after', async () => {
      const rig = await rigWith()
      const guest = come(rig.url)
      guest.topology.join(joinWith(null))
      await guest.next('welcome')
      await rig.kill()
      await guest.untilLost(1)
      guest.topology.detach()
      guest.topology.join(joinWith(null))
      await guest.untilLost(2)
      await rig.restart()
      await guest.next('welcome')
    })

    test('leaves when it is closed, and says no more', async () => {
      const rig = await rigWith()
      const [ada, ben] = [come(rig.url), come(rig.url)]
      ada.topology.join(joinWith(FACTS))
      await ada.next('welcome')
      ada.topology.close()
      ada.topology.join(joinWith(FACTS))
      ada.topology.send({ type: 'ping' })
      await expect.poll(() => rig.connections()).toBe(0)
      ben.topology.join(joinWith(FACTS))
      expect((await ben.next('welcome')).peers).toEqual([])
      expect(ada.messages).toEqual([])
      expect(ada.lost).toBe(0)
    })

    test('closed while it waits for the server, it does not come back', async () => {
      const rig = await rigWith()
      const [ada, ben] = [come(rig.url), come(rig.url)]
      ada.topology.join(joinWith(null))
      await ada.next('welcome')
      await rig.kill()
      await ada.untilLost(1)
      ada.topology.close()
      await rig.restart()
      ben.topology.join(joinWith(null))
      expect(await ben.next('welcome')).toMatchObject({ joinIndex: 0, swarmSize: 1 })
      ben.topology.send({ type: 'ping' })
      await ben.next('pong')
      expect(await rig.connections()).toBe(1)
      expect(ada.messages).toEqual([])
    })
  })
}

export const LOCATOR = parseLocator('ab'.repeat(32)) as Locator

export const FACTS: FileFacts = { sizeBytes: 10_000_000, chunkBytes: 65_536, validator: '"v1"', root: null }

export function joinWith(facts: FileFacts | null): Join {
  return { type: 'join', version: PROTOCOL_VERSION, locator: LOCATOR, facts }
}

/** A topology, and what it has said. */
export class Guest {
  readonly topology: Topology
  /** Not asked for yet by `next`. */
  readonly messages: ServerMessage[] = []
  lost = 0
  private wake: (() => void) | null = null

  constructor(factory: TopologyFactory, urls: readonly string[]) {
    this.topology = factory(urls, {
      message: (message) => {
        this.messages.push(message)
        this.wake?.()
      },
      lost: () => {
        this.lost++
        this.wake?.()
      },
    })
  }

  /** The next message of this type; those before it are passed over. */
  async next<Type extends ServerMessage['type']>(
    type: Type,
  ): Promise<Extract<ServerMessage, { type: Type }>> {
    let found: ServerMessage | undefined
    await this.until(() => {
      while (this.messages.length > 0 && found?.type !== type) found = this.messages.shift()
      return found?.type === type
    })
    return found as Extract<ServerMessage, { type: Type }>
  }

  untilLost(times: number): Promise<void> {
    return this.until(() => this.lost >= times)
  }

  private until(isDone: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.wake = () => {
        if (!isDone()) return
        this.wake = null
        resolve()
      }
      this.wake()
    })
  }
}
