/**
 * What keeps the house in order where neither compiler nor linter does: which folder may import which, what the core
 * may not know of, how long a file may be.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MAX_LINES = 400

/** Folders that the library's code may not know of, as it is what they are built on. */
const BUILT_ON_SRC = [
  'command',
  'simulator',
  'demo',
  'bench',
  'testbed',
  'signaling-server',
  'scripts',
  'bin',
  'test',
]

/** Globals by which time, chance, the page or the outside would get into the core. */
const WORLDLY =
  /\b(?:Date|Math\.random|performance|crypto|setTimeout|setInterval|queueMicrotask|Promise|async|await|console|window(?=[.[])|document|globalThis|navigator|fetch(?=\()|process|Intl|Blob|Worker|WebSocket)\b/g

interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string
  readonly text: string
}

function filesIn(folder: string, ending: RegExp = /\.ts$/): SourceFile[] {
  let names: string[]
  try {
    names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  } catch {
    return []
  }
  return names
    .filter((name) => ending.test(name) && !name.split(sep).includes('node_modules'))
    .map((name) => join(folder, name))
    .map((path) => ({ path: path.split(sep).join('/'), text: readFileSync(join(ROOT, path), 'utf8') }))
}

/** The code without its comments; strings stay. */
function withoutComments(text: string): string {
  const stringOrComment =
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g
  return text.replace(stringOrComment, (_all, string: string | undefined) => string ?? '')
}

/** What a file imports: its specifiers, static, re-exported, dynamic and in types. */
function specifiersIn(text: string): string[] {
  const forms = /(?:\b(?:import|export)\b[^'"`;]*?\bfrom\s*|\bimport\s*\(?\s*)(['"`])([^'"`]+)\1/g
  return [...withoutComments(text).matchAll(forms)].map((match) => match[2] ?? '')
}

/** Where an import leads: a path from the root, or the name of a package. */
function targetOf({ path }: SourceFile, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier
  return relative(ROOT, join(ROOT, dirname(path), specifier))
    .split(sep)
    .join('/')
}

/** Every import of these files that is not allowed, as “from → to”. */
function trespasses(files: readonly SourceFile[], allows: (target: string) => boolean): string[] {
  return files.flatMap((file) =>
    specifiersIn(file.text)
      .map((specifier) => targetOf(file, specifier))
      .filter((target) => !allows(target))
      .map((target) => `${file.path} → ${target}`),
  )
}

function isWithin(target: string, folder: string): boolean {
  return target === folder || target.startsWith(`${folder}/`)
}

function isPackage(target: string): boolean {
  return !target.includes('/') || target.startsWith('node:')
}

describe('the fence itself', () => {
  const file: SourceFile = { path: 'src/core/mesh/some.ts', text: '' }

  it('finds every form of import', () => {
    const text = `
      import { a } from '../a.ts'
      import type { B } from "../b.ts"
      import './c.ts'
      export * from './d.ts'
      export { e } from './e.ts'
      import {
        f,
      } from 'f'
      const g = await import('./g.ts')
      type H = import('./h.ts').H
      // import './not-this.ts'
      /* import './nor-this.ts' */
    `
    expect(specifiersIn(text)).toEqual([
      '../a.ts',
      '../b.ts',
      './c.ts',
      './d.ts',
      './e.ts',
      'f',
      './g.ts',
      './h.ts',
    ])
  })

  it('knows where an import leads', () => {
    expect(targetOf(file, '../types.ts')).toBe('src/core/types.ts')
    expect(targetOf(file, '../../ports.ts')).toBe('src/ports.ts')
    expect(targetOf(file, '../../../simulator/x.ts')).toBe('simulator/x.ts')
    expect(targetOf(file, 'node:fs')).toBe('node:fs')
  })

  it('takes comments out and leaves strings in', () => {
    expect(withoutComments('a /* Date */ b // Date\nc "// no comment" \'/* nor this */\'')).toBe(
      'a  b \nc "// no comment" \'/* nor this */\'',
    )
  })

  it('has something to look at', () => {
    expect(filesIn('src/core').length).toBeGreaterThan(20)
    expect(filesIn('src').flatMap(({ text }) => specifiersIn(text)).length).toBeGreaterThan(100)
  })
})

describe('imports', () => {
  it('of the core stay within the core', () => {
    expect(trespasses(filesIn('src/core'), (target) => isWithin(target, 'src/core'))).toEqual([])
  })

  it('of the library lead to none of what is built on it', () => {
    const files = filesIn('src')
    expect(trespasses(files, (target) => !BUILT_ON_SRC.some((folder) => isWithin(target, folder)))).toEqual(
      [],
    )
    expect(trespasses(files, (target) => !target.startsWith('node:') && target !== 'ws')).toEqual([])
  })

  it('of the library’s adapters lead to no other part of it than core, ports and integrity', () => {
    const allowed = ['src/core', 'src/browser', 'src/integrity', 'src/ports.ts']
    expect(
      trespasses(
        filesIn('src/browser'),
        (target) => !isWithin(target, 'src') || allowed.some((folder) => isWithin(target, folder)),
      ),
    ).toEqual([])
  })

  it('of the topology server lead to the core, never to a page’s code', () => {
    expect(
      trespasses(filesIn('signaling-server'), (target) => {
        if (isWithin(target, 'src')) return isWithin(target, 'src/core') || isWithin(target, 'src/integrity')
        const others = ['command', 'simulator', 'demo', 'bench', 'testbed', 'test']
        return !others.some((folder) => isWithin(target, folder))
      }),
    ).toEqual([])
  })

  it('of the simulator lead to the core and to the server’s rooms', () => {
    const allowed = ['simulator', 'src/core', 'signaling-server']
    expect(
      trespasses(
        filesIn('simulator'),
        (target) => isPackage(target) || allowed.some((folder) => isWithin(target, folder)),
      ),
    ).toEqual([])
  })

  it('of the simulator itself need nothing of Node: it runs in pages, too', () => {
    const files = filesIn('simulator').filter(({ path }) => !isWithin(path, 'simulator/report'))
    expect(files.length).toBeGreaterThan(20)
    expect(trespasses(files, (target) => isWithin(target, 'simulator') || target.includes('/'))).toEqual([])
    expect(trespasses(files, (target) => !target.startsWith('node:'))).toEqual([])
    expect(trespasses(files, (target) => !isWithin(target, 'simulator/report'))).toEqual([])
  })

  it('of the command lead to the server, the simulator and the core, never to what only makes reports', () => {
    const allowed = ['command', 'signaling-server', 'simulator', 'src']
    expect(
      trespasses(
        filesIn('command'),
        (target) =>
          target.startsWith('node:') ||
          (!isWithin(target, 'simulator/report') && allowed.some((folder) => isWithin(target, folder))),
      ),
    ).toEqual([])
  })

  it('of nobody but tests lead to the command', () => {
    const files = BUILT_ON_SRC.filter((folder) => folder !== 'command' && folder !== 'test').flatMap(
      (folder) => filesIn(folder),
    )
    expect(trespasses([...files, ...filesIn('src')], (target) => !isWithin(target, 'command'))).toEqual([])
  })
})

describe('the core', () => {
  it('knows no time, no chance, no page and no promise but what it is handed', () => {
    const found = filesIn('src/core').flatMap(({ path, text }) =>
      [...withoutComments(text).matchAll(WORLDLY)].map(([word]) => `${path}: ${word}`),
    )
    expect(found).toEqual([])
  })
})

describe('files', () => {
  it(`have no more than ${MAX_LINES} lines`, () => {
    const long = ['src', 'signaling-server', 'simulator', 'command']
      .flatMap((folder) => filesIn(folder))
      .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > MAX_LINES)
    expect(long).toEqual([])
  })

  it('leave nothing for later', () => {
    const later = /\b(?:[T]ODO|[F]IXME)\b/
    const found = ['src', ...BUILT_ON_SRC, 'docs']
      .flatMap((folder) => filesIn(folder, /\.(?:ts|js|html|css|md)$/))
      .filter(({ text }) => later.test(text))
      .map(({ path }) => path)
    expect(found).toEqual([])
  })
})
