/**
 * Servers in processes of their own, so that measurements are not disturbed by whoever drives them, and so that a test
 * can kill one the hard way. Each prints one JSON line when it listens; whatever happens here, none outlives us.
 */

import { spawn, type ChildProcess } from 'node:child_process'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { putFirst } from './priority.ts'
import { type Answers, type Ask, questionsTo } from './questions.ts'
import type { SampleOriginStats } from './sample-origin-stats.ts'

/** The folder that holds package.json. */
export const projectRoot: string = join(dirname(fileURLToPath(import.meta.url)), '..')

export interface ServerProcess {
  /** What the process said of itself when it was ready. */
  readonly ready: Readonly<Record<string, unknown>>
  /** Ends it and waits till it is gone. SIGKILL by default: nothing here is worth a farewell. */
  readonly kill: () => Promise<void>
}

/** A process that answers what `answerQuestions()` gave it. */
export interface AnsweringProcess<A extends Answers> extends ServerProcess {
  readonly ask: Ask<A>
}

export interface OriginProcess extends ServerProcess {
  /** Counts from now on. */
  resetStats(): Promise<void>
  /** Responses under way follow at once. */
  setRate(bitsPerSec: number): Promise<void>
  /** The file's address. */
  readonly url: string
  /** SRI of the file: `sha256-…`. */
  readonly integrity: string
  stats(): Promise<SampleOriginStats>
}

export interface TopologyProcess extends ServerProcess {
  readonly url: string
}

/** Starts the sample origin with one pseudo-random file. Rate null: unlimited. */
export async function startOriginProcess(file: {
  readonly name: string
  readonly sizeBytes: number
  readonly seed: number
  readonly rateBitsPerSec: number | null
  /** False: it ignores Range and answers 200. Default true. */
  readonly ranges?: boolean
  /** Default 127.0.0.1. */
  readonly host?: string
}): Promise<OriginProcess> {
  const server = await startProcess('testbed/sample-origin-process.ts', [JSON.stringify(file)])
  const url = text(server.ready, 'url')
  return {
    ...server,
    url,
    integrity: text(server.ready, 'sha256'),
    stats: async () => (await (await fetch(new URL('/__stats', url))).json()) as SampleOriginStats,
    setRate: async (bitsPerSec) =>
      void (await fetch(new URL(`/__rate/${bitsPerSec}`, url), { method: 'POST' })),
    resetStats: async () => void (await fetch(new URL('/__reset', url), { method: 'POST' })),
  }
}

export async function startTopologyProcess(host = '127.0.0.1'): Promise<TopologyProcess> {
  const server = await startProcess('command/command.ts', ['serve', '--host', host, '--port', '0'])
  return { ...server, url: text(server.ready, 'url') }
}

/** Starts one of our scripts in a network namespace. */
export async function startInNamespace<A extends Answers>(
  namespace: string,
  script: string,
  options: unknown,
): Promise<AnsweringProcess<A>> {
  const { child, ...server } = await startChild(
    script,
    [JSON.stringify(options)],
    ['ip', 'netns', 'exec', namespace],
  )
  return { ...server, ask: questionsTo<A>(child) }
}

/** Longest wait for the line that says a process is ready (guess: tsx compiles in 1–2 s on a busy machine). */
const READY_WITHIN_MS = 30_000

/** How much of a failing process's stderr is worth repeating, in characters. */
const KEPT_STDERR = 4_000

/** The IPC channel breaks when its other end dies, even by SIGKILL: then the server has nobody left to serve. */
const END_WITH_PARENT = 'data:text/javascript,process.once("disconnect",()=>process.exit())'

const running = new Set<ChildProcess>()
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/** Starts one of our scripts, and has it go before the visitors. */
export async function startProcess(script: string, args: readonly string[]): Promise<ServerProcess> {
  const { ready, kill } = await startChild(script, args, [], true)
  return { ready, kill }
}

async function startChild(
  script: string,
  args: readonly string[],
  wrapper: readonly string[],
  goesFirst = false,
): Promise<ServerProcess & { readonly child: ChildProcess }> {
  const own = [process.execPath, '--import', 'tsx', '--import', END_WITH_PARENT, script, ...args]
  const [command = '', ...rest] = [...wrapper, ...own]
  const child = spawn(command, rest, {
    cwd: projectRoot,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A session of its own: priorities are compared by session, and ours has more to do than it.
    detached: goesFirst,
  })
  running.add(child)
  if (goesFirst && child.pid !== undefined) putFirst(child.pid)
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  void gone.then(() => running.delete(child))
  const kill = (): Promise<void> => {
    child.kill('SIGKILL')
    return gone
  }
  try {
    return { ready: await firstLine(child, script), kill, child }
  } catch (error) {
    await kill()
    throw error
  }
}

function firstLine(child: ChildProcess, script: string): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    let stderr = ''
    const refuse = (what: string): void => reject(new Error(`${script} ${what}. It said:\n${stderr}`))
    const timer = setTimeout(() => refuse(`was not ready within ${READY_WITHIN_MS} ms`), READY_WITHIN_MS)
    child.once('exit', (code) => {
      clearTimeout(timer)
      refuse(`ended with code ${code} before it was ready`)
    })
    child.once('error', reject)
    child.stderr?.on('data', (bytes: Buffer) => {
      stderr = (stderr + bytes.toString()).slice(-KEPT_STDERR)
    })
    if (child.stdout === null) return
    const lines = createInterface({ input: child.stdout })
    lines.once('line', (line) => {
      clearTimeout(timer)
      try {
        resolve(JSON.parse(line) as Record<string, unknown>)
      } catch {
        refuse(`said ${JSON.stringify(line)} instead of a line of JSON`)
      }
    })
  })
}

/** What a process that is ready said under this name. */
export function text(ready: Readonly<Record<string, unknown>>, field: string): string {
  const value = ready[field]
  if (typeof value !== 'string') throw new Error(`A server was ready without saying its ${field}.`)
  return value
}
