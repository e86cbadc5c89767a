/**
 * Servers that tests in a browser talk to, started once for all of them. `topologyUrl` and `originServers` are there
 * for everybody; a test that wants to kill a topology server borrows one of its own from `topologyRigs`: POST there
 * gives `{ id, url }`, POST to `/<id>/<verb>` does what `TopologyRig` does.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { TestProject } from 'vitest/node'

import { startTopologyServer } from '../../signaling-server/server.ts'
import { startTopologyRig, type TopologyRig } from '../contract/topology-rig.ts'
import { startOriginServers } from './origin-servers.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of a topology server that runs as long as the tests do. */
    topologyUrl: string
    /** URL that lends topology servers. */
    topologyRigs: string
  }
}

export default async function startServers(project: TestProject): Promise<() => Promise<void>> {
  const [topology, origins, lender] = await Promise.all([
    startTopologyServer({ host: '127.0.0.1', port: 0 }),
    startOriginServers(),
    startRigLender(),
  ])
  project.provide('topologyUrl', topology.url)
  project.provide('originServers', origins.provide)
  project.provide('topologyRigs', lender.url)
  return async () => {
    await Promise.all([topology.close(), origins.stop(), lender.stop()])
  }
}

interface RigLender {
  readonly url: string
  stop(): Promise<void>
}

async function startRigLender(): Promise<RigLender> {
  const rigs: TopologyRig[] = []
  const server = createServer((request, response) => {
    lend(rigs, request).then(
      (answer) => respond(response, 200, answer),
      (error: unknown) => respond(response, 500, String(error)),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      await Promise.all(rigs.map((rig) => rig.stop()))
      await closed(server)
    },
  }
}

async function lend(rigs: TopologyRig[], request: IncomingMessage): Promise<unknown> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const [id = '', verb = ''] = pathname.slice(1).split('/')
  if (id === '') {
    const heartbeatMs = searchParams.get('heartbeatMs')
    const rig = await startTopologyRig(heartbeatMs === null ? undefined : Number(heartbeatMs))
    return { id: rigs.push(rig) - 1, url: rig.url }
  }
  const rig = rigs[Number(id)]
  if (rig === undefined || !isVerb(verb)) throw new Error(`There is no ${pathname}.`)
  return rig[verb]()
}

const VERBS = ['kill', 'restart', 'drain', 'mute', 'connections', 'stop'] as const

function isVerb(text: string): text is (typeof VERBS)[number] {
  return (VERBS as readonly string[]).includes(text)
}

function respond(response: ServerResponse, status: number, answer: unknown): void {
  response.writeHead(status, { 'Access-Control-Allow-Origin': '*', 'Content-Type': 'application/json' })
  response.end(JSON.stringify(answer ?? null))
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
