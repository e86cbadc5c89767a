import { expect, test } from 'vitest'

import { createHasher } from '../../src/browser/hasher.ts'
import { newInlineThread } from '../../src/browser/inline-thread.ts'
import type { NewThread } from '../../src/browser/thread.ts'
import { HashLostError } from '../../src/ports.ts'
import { bytesOf, hasherContract, LONG_BYTES, SHA256_OF_ABC, toHex } from './hasher.suite.ts'

hasherContract('createHasher in a page', createHasher)

hasherContract('createHasher in JavaScript alone, in a page', () => createHasher({ javascriptOnly: true }))

hasherContract('createHasher with a thread, in a page', () => createHasher({ newThread: newInlineThread }))

test('createHasher starts a thread for long files only, and ends it with the hash', async () => {
  let [started, ended] = [0, 0]
  const newThread: NewThread = (name) => {
    started++
    const thread = newInlineThread(name)
    const terminate = thread.terminate.bind(thread)
    thread.terminate = () => {
      ended++
      terminate()
    }
    return thread
  }
  const hasher = createHasher({ newThread })
  await hasher.createFileHash('sha256', 64 * 1024 * 1024 - 1)
  expect(started).toBe(0)
  const hash = await hasher.createFileHash('sha256', 64 * 1024 * 1024)
  expect([started, ended]).toEqual([1, 0])
  await hash.digest()
  expect([started, ended]).toEqual([1, 1])
})

test('createHasher hashes a file of many buffers in a thread', async () => {
  const hash = await createHasher({ newThread: newInlineThread }).createFileHash('sha256', LONG_BYTES)
  const inPage = await createHasher().createFileHash('sha256', LONG_BYTES)
  for (let part = 0; part < 40; part++) {
    const bytes = new Uint8Array(1000 * (part % 7)).fill(part)
    await hash.update(bytes)
    // What was handed over is the caller's again.
    bytes.fill(255)
    await inPage.update(new Uint8Array(1000 * (part % 7)).fill(part))
  }
  expect(await hash.digest()).toEqual(await inPage.digest())
})

test('createHasher does without a thread once one was lost', async () => {
  const threads: Worker[] = []
  const newThread: NewThread = (name) => {
    const thread = newInlineThread(name)
    threads.push(thread)
    return thread
  }
  const hasher = createHasher({ newThread })
  const lost = await hasher.createFileHash('sha256', LONG_BYTES)
  const closing = lost.digest().catch((error: unknown) => error)
  threads[0]?.dispatchEvent(new Event('error'))
  expect(await closing).toBeInstanceOf(HashLostError)
  const hash = await hasher.createFileHash('sha256', LONG_BYTES)
  await hash.update(bytesOf('abc'))
  expect(toHex(await hash.digest())).toBe(SHA256_OF_ABC)
  expect(threads.length).toBe(1)
})

test.each([
  [
    'cannot be made',
    () => {
      throw new DOMException('No.', 'SecurityError')
    },
  ],
  ['does not load', () => new Worker('data:text/javascript,%7B')],
])('createHasher does without a thread where it %s', async (_name, newThread) => {
  const hash = await createHasher({ newThread }).createFileHash('sha256', LONG_BYTES)
  await hash.update(bytesOf('abc'))
  expect(toHex(await hash.digest())).toBe(SHA256_OF_ABC)
})

test('createHasher hashes files in a page whose policy forbids WASM', async () => {
  const hasherUrl = new URL('../../src/browser/hasher.ts', import.meta.url).href
  const frame = document.createElement('iframe')
  frame.srcdoc = `
    <meta http-equiv="Content-Security-Policy" content="script-src 'self' 'unsafe-inline'">
    <script type="module">
      import { createHasher } from '${hasherUrl}'
      const emptyModule = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])
      const allowsWasm = await WebAssembly.compile(emptyModule).then(() => true, () => false)
      const hash = await createHasher().createFileHash('sha256', 0)
      await hash.update(new TextEncoder().encode('abc'))
      parent.postMessage({ allowsWasm, firstByte: (await hash.digest())[0] }, '*')
    </script>`
  const answer = new Promise((resolve) => {
    window.addEventListener('message', (event) => {
      if (event.source === frame.contentWindow) resolve(event.data)
    })
  })
  document.body.append(frame)
  expect(await answer).toEqual({ allowsWasm: false, firstByte: 0xba })
  frame.remove()
})
