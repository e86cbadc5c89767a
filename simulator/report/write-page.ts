/** Puts a page of results and its plots where they belong. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { format } from 'prettier'

import type { Page } from './page.ts'

export const RESULTS: string = fileURLToPath(new URL('../../docs/results', import.meta.url))

export async function writePage(file: string, { markdown, plots }: Page): Promise<void> {
  await mkdir(RESULTS, { recursive: true })
  const style = { semi: false, singleQuote: true, printWidth: 110, trailingComma: 'all' } as const
  await writeFile(join(RESULTS, file), await format(markdown, { ...style, parser: 'markdown' }))
  for (const [name, svg] of Object.entries(plots)) await writeFile(join(RESULTS, name), `${svg}\n`)
}
