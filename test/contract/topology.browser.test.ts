import { describe, expect, inject, test } from 'vitest'

import { createTopologySocket, topologySocket } from '../../src/browser/topology-socket.ts'
import type { TopologyRig } from './topology-rig.ts'
import { Guest, joinWith, topologySuite } from './topology.suite.ts'

topologySuite(
  'topologySocket',
  (urls, events) => createTopologySocket(urls, events, { random: () => 0 }),
  borrowRig,
)

describe('topologySocket in a page', () => {
  test('does not wait for its back-off when the page comes back online', async () => {
    const rig = await borrowRig()
    const guest = new Guest(
      (urls, events) => createTopologySocket(urls, events, { random: () => 1, firstBackOffMs: 3_600_000 }),
      [rig.url],
    )
    guest.topology.join(joinWith(null))
    await guest.next('welcome')
    await rig.kill()
    await guest.untilLost(1)
    await rig.restart()
    globalThis.dispatchEvent(new Event('online'))
    await guest.next('welcome')
    guest.topology.close()
    await rig.stop()
  })

  test('survives a page that may not connect', async () => {
    const frame = document.createElement('iframe')
    frame.srcdoc = `<meta http-equiv="Content-Security-Policy" content="connect-src 'none'">`
    document.body.append(frame)
    await new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }))
    const Original = globalThis.WebSocket
    globalThis.WebSocket = (frame.contentWindow as unknown as { WebSocket: typeof WebSocket }).WebSocket
    const guest = new Guest(topologySocket, [inject('topologyUrl')])
    guest.topology.join(joinWith(null))
    globalThis.WebSocket = Original
    await guest.untilLost(1)
    expect(guest.messages).toEqual([])
    guest.topology.close()
    frame.remove()
  })
})

async function borrowRig(heartbeatMs?: number): Promise<TopologyRig> {
  const rigs = inject('topologyRigs')
  const post = async (path: string): Promise<unknown> => {
    const response = await fetch(`${rigs}/${path}`, { method: 'POST' })
    if (!response.ok) throw new Error(await response.text())
    return response.json()
  }
  const query = heartbeatMs === undefined ? '' : `?heartbeatMs=${heartbeatMs}`
  const { id, url } = (await post(query)) as { id: number; url: string }
  return {
    url,
    kill: async () => void (await post(`${id}/kill`)),
    restart: async () => void (await post(`${id}/restart`)),
    drain: async () => void (await post(`${id}/drain`)),
    mute: async () => void (await post(`${id}/mute`)),
    connections: async () => Number(await post(`${id}/connections`)),
    stop: async () => void (await post(`${id}/stop`)),
  }
}
