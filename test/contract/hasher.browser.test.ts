import { expect, test } from 'vitest'

import { createHasher } from '../../src/browser/hasher.ts'
import { hasherContract } from './hasher.suite.ts'

hasherContract('createHasher in a page', createHasher)

hasherContract('createHasher in JavaScript alone, in a page', () => createHasher({ javascriptOnly: true }))

test('createHasher hashes files in a page whose policy forbids WASM', async () => {
  const hasherUrl = new URL('../../src/browser/hasher.ts', import.meta.url).href
  const frame = document.createElement('iframe')
  frame.srcdoc = `
    <meta http-equiv="Content-Security-Policy" content="script-src 'self' 'unsafe-inline'">
    <script type="module">
      import { createHasher } from '${hasherUrl}'
      const emptyModule = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])
      const allowsWasm = await WebAssembly.compile(emptyModule).then(() => true, () => false)
      const hash = await createHasher().createFileHash('sha256')
      hash.update(new TextEncoder().encode('abc'))
      parent.postMessage({ allowsWasm, firstByte: hash.digest()[0] }, '*')
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
