import { afterAll, beforeAll } from 'vitest'

import { FetchOrigin } from '../../src/browser/fetch-origin.ts'
import { startOriginServers } from '../browser/origin-servers.ts'
import type { OriginServers } from '../browser/origin-servers.ts'
import { originContract } from './origin.suite.ts'

let servers: OriginServers

beforeAll(async () => {
  servers = await startOriginServers()
})

afterAll(() => servers.stop())

originContract("FetchOrigin over Node's fetch", {
  createOrigin: (url) => new FetchOrigin({ url }),
  servers: () => servers.provide,
  isCrossOrigin: false,
})
