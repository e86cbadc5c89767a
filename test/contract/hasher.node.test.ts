import { afterEach, expect, test, vi } from 'vitest'

import { createHasher } from '../../src/browser/hasher.ts'
import { hasherContract } from './hasher.suite.ts'

hasherContract('createHasher in Node', createHasher)

hasherContract('createHasher in JavaScript alone, in Node', () => createHasher({ javascriptOnly: true }))

afterEach(() => {
  vi.unstubAllGlobals()
})

test('createHasher does without WASM and WebCrypto where there are none', async () => {
  vi.stubGlobal('WebAssembly', undefined)
  vi.stubGlobal('crypto', {})
  const hasher = createHasher()
  const empty = new Uint8Array(0)
  const hash = await hasher.createFileHash('sha256', 0)
  await hash.update(empty)
  const digest = await hash.digest()
  expect(digest.byteLength).toBe(32)
  expect(digest).toEqual(await hasher.digest(empty))
})
