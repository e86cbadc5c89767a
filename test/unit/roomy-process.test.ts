/** Real processes throughout: how much memory one has is settled when it starts. */

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { afterEach, describe, expect, it } from 'vitest'

import type { Worker } from './roomy-script.ts'

const SCRIPT = fileURLToPath(new URL('roomy-script.ts', import.meta.url))
const TSX = ['--import', 'tsx']
const children: ChildProcess[] = []
const workers: number[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const pid of workers.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
})

interface Started {
  readonly pid: number | undefined
  /** Who does the work, as it says. */
  readonly worker: Worker
  readonly child: ChildProcess
  readonly exited: Promise<unknown[]>
  /** The same, once all output is in. */
  readonly closed: Promise<unknown[]>
  /** Every line of output so far. */
  readonly lines: readonly string[]
}

/** Starts the script with these words, and waits until it is at work somewhere. */
async function start(
  words: readonly string[],
  { flags = [], env = {} }: { flags?: readonly string[]; env?: NodeJS.ProcessEnv } = {},
): Promise<Started> {
  const { NODE_OPTIONS: _, SWARMFETCH_ROOMY: __, ...ours } = process.env
  const child = spawn(process.execPath, [...TSX, ...flags, SCRIPT, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...ours, ...env },
  })
  children.push(child)
  const exited = once(child, 'exit')
  const closed = once(child, 'close')
  const lines: string[] = []
  const output = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  await once(output, 'line')
  const worker = JSON.parse(lines[0] ?? '') as Worker
  workers.push(worker.pid)
  return { pid: child.pid, worker, child, exited, closed, lines }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('a process that needs more memory than Node lets it have', { timeout: 30_000 }, () => {
  it('starts itself again once, with its flags, its words and more memory, and ends with the code of that', async () => {
    const { pid, worker, closed, lines } = await start(['3', 'a word', '--flag'], {
      flags: ['--no-warnings'],
    })
    expect(await closed).toStrictEqual([3, null])
    expect(lines).toHaveLength(1)
    expect(worker.pid).not.toBe(pid)
    expect(worker).toMatchObject({ words: ['3', 'a word', '--flag'], isMarked: true })
    const heapMib = Number(/--max-old-space-size=(\d+)/.exec(worker.flags.join(' '))?.[1])
    expect(worker.flags).toStrictEqual([
      ...TSX,
      '--no-warnings',
      `--max-old-space-size=${heapMib}`,
      '--max-semi-space-size=128',
    ])
    expect(heapMib).toBeLessThanOrEqual(7168)
    expect(worker.heapMib).toBeGreaterThanOrEqual(heapMib)
  })

  it('does not where it was itself started so, even if it got no more', async () => {
    const { pid, worker, exited } = await start(['4'], { env: { SWARMFETCH_ROOMY: '1' } })
    expect(await exited).toStrictEqual([4, null])
    expect(worker.pid).toBe(pid)
    expect(worker.flags).toStrictEqual(TSX)
  })

  it.each([
    ['by a flag', { flags: ['--max-old-space-size=200'] }],
    ['by a flag in its other spelling', { flags: ['--max_old_space_size=200'] }],
    ['in the environment', { env: { NODE_OPTIONS: '--no-warnings --max-old-space-size=200' } }],
  ])('does not where somebody has set limits %s', async (_how, surroundings) => {
    const { pid, worker, exited } = await start(['0'], surroundings)
    expect(await exited).toStrictEqual([0, null])
    expect(worker.pid).toBe(pid)
    expect(worker.heapMib).toBeLessThan(400)
  })

  it('passes a signal on, and ends with 1 when the other was killed', async () => {
    const { pid, worker, child, exited } = await start(['wait'])
    expect(worker.pid).not.toBe(pid)
    child.kill('SIGTERM')
    expect(await exited).toStrictEqual([1, null])
    expect(isAlive(worker.pid)).toBe(false)
  })
})
