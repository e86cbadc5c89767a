/** `swarmfetch manifest`: hashes a file chunk by chunk, and writes what a page passes as `integrity`. */

import { writeFile } from 'node:fs/promises'

import { manifestOf } from '../signaling-server/manifest.ts'
import type { ManifestCommand } from './arguments.ts'

export async function writeManifest({ source, chunkBytes, out }: ManifestCommand): Promise<void> {
  const manifest = await manifestOf(source, chunkBytes === null ? {} : { chunkBytes })
  const text = `${JSON.stringify(manifest)}\n`
  if (out === null) process.stdout.write(text)
  else await writeFile(out, text)
}
