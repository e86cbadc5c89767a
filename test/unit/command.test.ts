import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { afterEach, describe, expect, it } from 'vitest'

import { parseCommand, UsageError, type Command } from '../../signaling-server/arguments.ts'
import { TopologyVisitor } from './topology-visitor.ts'

const TSX = ['--import', 'tsx', 'signaling-server/command.ts']
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function run(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...TSX, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })
}

describe('swarmfetch serve', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'says where it listens in one line, serves, and ends with 0 on %s',
    { timeout: 30_000 },
    async (signal) => {
      const child = spawn(process.execPath, [...TSX, 'serve', '--port', '0'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      children.push(child)
      const lines: string[] = []
      const output = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
      await once(output, 'line')
      const { url } = JSON.parse(lines[0] ?? '') as { url: string }
      expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/)
      const { visitor, welcome } = await TopologyVisitor.join(url)
      expect(welcome.swarmSize).toBe(1)
      const exited = once(child, 'exit')
      child.kill(signal)
      expect(await visitor.closed).toBe(1001)
      expect(await exited).toStrictEqual([0, null])
      expect(lines).toHaveLength(1)
    },
  )
})

describe('swarmfetch', () => {
  it('ends with 2 and a sentence for arguments that make no sense', { timeout: 30_000 }, async () => {
    const outcomes = await Promise.all([
      run('serve', '--port', 'x'),
      run('serve', '--ice', `stun:${'a'.repeat(300)}`),
    ])
    for (const { code, stdout, stderr } of outcomes) {
      expect({ code, stdout }).toStrictEqual({ code: 2, stdout: '' })
      expect(stderr).toMatch(/^[^\n]+\.\n$/)
    }
  })

  it('prints a manifest, or writes it, or ends with 1 and a sentence', { timeout: 30_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'swarmfetch-command-'))
    const [file, out] = [join(folder, 'file'), join(folder, 'manifest.json')]
    await writeFile(file, 'contents')
    const [printed, written, refused] = await Promise.all([
      run('manifest', file),
      run('manifest', file, '--chunk-bytes', '16384', '--out', out),
      run('manifest', join(folder, 'missing')),
    ])
    expect(JSON.parse(printed.stdout)).toMatchObject({ version: 1, sizeBytes: 8, chunkBytes: 65_536 })
    expect(written).toMatchObject({ code: 0, stdout: '' })
    expect(JSON.parse(await readFile(out, 'utf8'))).toMatchObject({ sizeBytes: 8, chunkBytes: 16_384 })
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain('cannot be read')
    await rm(folder, { recursive: true })
  })
})

describe('arguments', () => {
  const SERVE: Command = {
    name: 'serve',
    host: '127.0.0.1',
    port: 8400,
    origins: [],
    pageOrigins: null,
    iceUrls: [],
    turnSecret: null,
    trustProxy: false,
  }

  it('have defaults', () => {
    expect(parseCommand(['serve'])).toStrictEqual(SERVE)
    expect(parseCommand(['manifest', 'f'])).toStrictEqual({
      name: 'manifest',
      source: 'f',
      chunkBytes: null,
      out: null,
    })
  })

  it('of serve are read', () => {
    const words =
      '--host :: --port 0 --origin https://a.example/ --page-origin https://b.example --trust-proxy'
    const ice =
      '--ice stun:c.example --ice turn:d.example:3478 --turn-secret S --page-origin http://e.example:8080'
    expect(parseCommand(['serve', ...words.split(' '), ...ice.split(' ')])).toStrictEqual({
      name: 'serve',
      host: '::',
      port: 0,
      origins: ['https://a.example'],
      pageOrigins: ['https://b.example', 'http://e.example:8080'],
      iceUrls: ['stun:c.example', 'turn:d.example:3478'],
      turnSecret: 'S',
      trustProxy: true,
    })
  })

  it('take the TURN secret from the environment, where it is not given', () => {
    const words = ['serve', '--ice', 'turn:d.example']
    expect(parseCommand(words, 'E')).toMatchObject({ turnSecret: 'E' })
    expect(parseCommand([...words, '--turn-secret', 'S'], 'E')).toMatchObject({ turnSecret: 'S' })
  })

  it('of manifest are read', () => {
    expect(
      parseCommand(['manifest', '--chunk-bytes', '65536', 'http://a/b', '--out', 'm.json']),
    ).toStrictEqual({
      name: 'manifest',
      source: 'http://a/b',
      chunkBytes: 65_536,
      out: 'm.json',
    })
  })

  it('that ask for help get it, which admits that --origin does nothing yet', () => {
    for (const words of [['--help'], ['-h'], ['help'], ['serve', '--help'], ['manifest', '-h']]) {
      expect(parseCommand(words)).toMatchObject({
        name: 'help',
        text: expect.stringContaining('not built yet'),
      })
    }
  })

  it.each([
    [[], 'Say what to do'],
    [['audit'], 'no command "audit"'],
    [['serve', '--speed', '9'], '--speed'],
    [['serve', 'now'], 'now'],
    [['serve', '--port'], '--port'],
    [['serve', '--port', '65536'], '0 to 65535'],
    [['serve', '--port', '1e3'], 'whole number'],
    [['serve', '--origin', 'example.com'], '--origin'],
    [['serve', '--page-origin', 'https://a.example/path'], 'without a path'],
    [['serve', '--ice', 'https://a.example'], '--ice'],
    [['serve', '--ice', 'turn:a.example'], '--turn-secret'],
    [['manifest'], 'one FILE or URL'],
    [['manifest', 'a', 'b'], 'one FILE or URL'],
    [['manifest', 'a', '--chunk-bytes', '-1'], '--chunk-bytes'],
  ])('%j are refused with a sentence', (words, part) => {
    expect(() => parseCommand(words)).toThrow(UsageError)
    expect(() => parseCommand(words)).toThrow(part)
  })
})
