import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { parseCommand, UsageError, type Command } from '../../command/arguments.ts'
import { MAX_SCENARIO_FILE_BYTES } from '../../command/scenario-source.ts'
import { simulateScenarios, type Surroundings } from '../../command/simulate.ts'
import { simulatePlain } from '../../simulator/plain-http.ts'
import { RUN_POLICIES } from '../../simulator/policies.ts'
import { simulate } from '../../simulator/simulation.ts'
import { TopologyVisitor } from './topology-visitor.ts'
import { SMALL } from './simulator/small-scenario.ts'

const TSX = ['--import', 'tsx', 'command/command.ts']
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
    expect(JSON.parse(printed.stdout)).toMatchObject({ version: 1, sizeBytes: 8, chunkBytes: 16_384 })
    expect(written).toMatchObject({ code: 0, stdout: '' })
    expect(JSON.parse(await readFile(out, 'utf8'))).toMatchObject({ sizeBytes: 8, chunkBytes: 16_384 })
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain('cannot be read')
    await rm(folder, { recursive: true })
  })
})

async function simulated(
  words: readonly string[],
  simulators?: Surroundings['simulators'],
): Promise<{ code: number; printed: string[]; said: string[] }> {
  const command = parseCommand(['simulate', ...words])
  if (command.name !== 'simulate') throw new Error('This is another command.')
  const [printed, said]: string[][] = [[], []]
  const code = await simulateScenarios(command, {
    print: (line) => printed?.push(line),
    say: (line) => said?.push(line),
    ...(simulators === undefined ? {} : { simulators }),
  })
  return { code, printed: printed ?? [], said: said ?? [] }
}

describe('swarmfetch simulate', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'swarmfetch-simulate-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  async function fileOf(content: unknown): Promise<string> {
    const file = join(folder, 'scenario.json')
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content))
    return file
  }

  it('runs a file by swarm and by plain HTTP, and prints a line of both', async () => {
    const { code, printed, said } = await simulated([await fileOf(SMALL), '--policy', 'both'])
    expect({ code, said }).toStrictEqual({ code: 0, said: [] })
    expect(printed).toHaveLength(3)
    expect(printed[0]).toMatch(/makespan.*copies/s)
    // Four copies of 0.8 s each, and a round trip or two, for plain HTTP; one for the swarm.
    expect(printed[1]).toMatch(/^small +swarm +4 +0\.[89]\d /)
    expect(printed[2]).toMatch(/^small +plain +4 +3\.2\d /)
  })

  it('prints a line of every policy there is', async () => {
    const { code, printed, said } = await simulated([await fileOf(SMALL), '--policy', 'all'])
    expect({ code, said }).toStrictEqual({ code: 0, said: [] })
    expect(printed.slice(1).map((line) => line.split(/ +/)[1])).toStrictEqual([...RUN_POLICIES])
    const [head = ''] = printed
    const titles = head.split('\n')[1] ?? ''
    for (const line of printed.slice(1)) expect(line.indexOf(' 4 ')).toBe(titles.indexOf('peers') + 3)
  })

  it('prints the same bytes of JSON for the same seed, and nothing else', async () => {
    const words = [await fileOf(SMALL), '--json', '--policy', 'both']
    const first = await simulated(words)
    expect(first.printed.map((line) => JSON.parse(line) as object)).toMatchObject([
      { scenario: 'small', policy: 'swarm', seed: 5, completed: 4, floor: { ms: 800 }, violations: [] },
      { scenario: 'small', policy: 'plain', seed: 5, completed: 4, originCopies: 4 },
    ])
    expect(await simulated(words)).toStrictEqual(first)
    expect((await simulated([...words, '--seed', '6'])).printed[0]).not.toBe(first.printed[0])
  })

  it('takes other numbers of peers and sizes', async () => {
    const words = [await fileOf(SMALL), '--json', '--peers', '2', '--size-mb', '0.5']
    const [line = ''] = (await simulated(words)).printed
    expect(JSON.parse(line)).toMatchObject({ peers: 2, floor: { originMs: 400 } })
  })

  it('finds a scenario by its name, or in a file of several', async () => {
    const small = ['--peers', '1', '--size-mb', '0.1', '--json', '--policy', 'plain']
    const named = await simulated(['slurpie-lan/at-once', ...small])
    expect(named.printed).toHaveLength(1)
    expect(named.printed[0]).toContain('"scenario":"slurpie-lan/at-once"')
    const file = await fileOf({
      name: 'mine',
      common: SMALL,
      scenarios: [{ name: 'a' }, { name: 'b', peers: 3 }],
    })
    expect((await simulated([file, ...small])).printed).toHaveLength(2)
    for (const variant of ['b', 'mine/b'])
      expect((await simulated([`${file}/${variant}`, ...small])).printed).toStrictEqual([
        expect.stringContaining('"scenario":"mine/b"'),
      ])
  })

  it('ends with 1, what did not hold and how to replay it, when an expectation fails', async () => {
    const file = await fileOf({
      ...SMALL,
      policy: 'both',
      expect: { maxOriginCopies: 0.5, maxMedianToPlain: 0.01 },
    })
    const { code, said } = await simulated([file, '--seed', '9', '--peers', '3'])
    expect(code).toBe(1)
    expect(said).toHaveLength(1)
    expect(said[0]).toMatch(/^Failed: small, seed 9\n.*maxOriginCopies.*\n.*maxMedianToPlain/)
    expect(said[0]).toContain(`npx swarmfetch simulate ${file}/small --seed 9 --peers 3`)
  })

  it('ends with 1 and the seed when an invariant breaks or the simulator does, and goes on with the rest', async () => {
    const file = await fileOf({ name: 'mine', common: SMALL, scenarios: [{ name: 'a' }, { name: 'b' }] })
    const broken = await simulated([file], {
      plain: simulatePlain,
      swarm: (scenario) => {
        if (scenario.name === 'mine/a') throw new Error('out of order')
        return { ...simulate(scenario), violations: ['Peer 1 kept a wrong chunk.'] }
      },
    })
    expect(broken.code).toBe(1)
    expect(broken.said[0]).toMatch(/mine\/a, seed 5\n.*out of order/)
    expect(broken.said[1]).toMatch(/mine\/b, seed 5\n.*kept a wrong chunk/)
    expect(broken.printed.at(-1)).toMatch(/^mine\/b/)
  })

  it('lists what there is', async () => {
    const { code, printed } = await simulated(['--list'])
    expect(code).toBe(0)
    expect(printed).toContain('  slurpie-lan/at-once')
  })

  it.each([
    ['{', 'is not JSON'],
    ['null', 'an object'],
    [{ ...SMALL, peers: 1e9 }, 'scenario.peers is a number from 1 to 100000'],
    [{ ...SMALL, colour: 'red' }, '"colour"'],
    [' '.repeat(MAX_SCENARIO_FILE_BYTES + 1), 'at most'],
  ])('refuses an odd file with a sentence (%#)', async (content, part) => {
    const file = await fileOf(content)
    await expect(simulated([file])).rejects.toThrow(UsageError)
    await expect(simulated([file])).rejects.toThrow(part)
  })

  it('refuses what is not there, and what is no file', async () => {
    await expect(simulated(['no-such'])).rejects.toThrow('no scenario "no-such"')
    await expect(simulated([`${await fileOf(SMALL)}/no-such`])).rejects.toThrow('no scenario')
    await expect(simulated([join(folder, 'missing.json')])).rejects.toThrow('cannot be read')
    await mkdir(join(folder, 'folder.json'))
    await expect(simulated([join(folder, 'folder.json')])).rejects.toThrow('is no file')
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

  it('of simulate are read', () => {
    expect(parseCommand(['simulate', 'mesh'])).toStrictEqual({
      name: 'simulate',
      source: 'mesh',
      seed: null,
      peers: null,
      sizeBytes: null,
      policy: null,
      seeds: null,
      json: false,
    })
    const words = 'simulate a.json --seed 0 --peers 12 --size-mb 1.5 --policy both --json'
    expect(parseCommand(words.split(' '))).toStrictEqual({
      name: 'simulate',
      source: 'a.json',
      seed: 0,
      peers: 12,
      sizeBytes: 1_500_000,
      policy: 'both',
      seeds: null,
      json: true,
    })
    expect(parseCommand(['simulate', '--list'])).toMatchObject({ name: 'simulate', source: null })
  })

  it('that ask for help get it, which admits that --origin does nothing yet', () => {
    for (const words of [
      ['--help'],
      ['-h'],
      ['help'],
      ['serve', '--help'],
      ['manifest', '-h'],
      ['simulate', '-h'],
    ]) {
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
    [['simulate'], 'one FILE or NAME'],
    [['simulate', 'a', 'b'], 'one FILE or NAME'],
    [['simulate', 'a', '--list'], 'one FILE or NAME'],
    [['simulate', 'a', '--seed', '4294967296'], '0 to 4294967295'],
    [['simulate', 'a', '--peers', '0'], '--peers'],
    [['simulate', 'a', '--peers', '100001'], '--peers'],
    [['simulate', 'a', '--size-mb', '0'], '--size-mb'],
    [['simulate', 'a', '--size-mb', '1e3'], '--size-mb'],
    [['simulate', 'a', '--size-mb', '9999999'], '--size-mb'],
    [['simulate', 'a', '--policy', 'fast'], 'swarm, plain, slurpie-1, slurpie-3, bittorrent-sequential'],
    [['simulate', 'a', '--policy', 'bittorrent'], 'both or all, not "bittorrent"'],
    [['simulate', 'a', '--policy', ''], 'both or all'],
  ])('%j are refused with a sentence', (words, part) => {
    expect(() => parseCommand(words)).toThrow(UsageError)
    expect(() => parseCommand(words)).toThrow(part)
  })
})
