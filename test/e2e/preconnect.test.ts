import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { openTestbed, type OpenPages, type Testbed } from '../../testbed/testbed.ts'

/** Takes connections, and answers nothing. */
let silent: Server
const taken: Socket[] = []
let bytesHeard = 0
let testbed: Testbed
let opened: OpenPages

beforeAll(async () => {
  silent = createServer((socket) => {
    taken.push(socket.on('data', ({ byteLength }) => (bytesHeard += byteLength)).on('error', () => {}))
  })
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  // A private window makes no connection before it is needed.
  testbed = await openTestbed({ profile: 'disk' })
  opened = await testbed.openPages(1)
})
afterAll(async () => {
  await opened.close()
  await testbed.close()
  for (const socket of taken) socket.destroy()
  await new Promise((resolve) => silent.close(resolve))
})

test('the connection to the origin is made while the topology server is waited for, without a request', async () => {
  const address = `127.0.0.1:${(silent.address() as AddressInfo).port}`
  await opened.pages[0]?.evaluate((address) => {
    const download = window.swarm.download(`http://${address}/sample.bin`, {
      topology: 'ws://127.0.0.1:9',
      integrity: `sha256-${'A'.repeat(43)}=`,
    })
    // However long it is waited for, nothing is asked of the origin.
    download.pause()
    download.then(null, () => {})
  }, address)
  await expect.poll(() => taken.length, { timeout: 20_000 }).toBeGreaterThan(0)
  expect(bytesHeard).toBe(0)
})
