/**
 * Two network namespaces with a modem between them: `home` and `outside` see each other by one address each, over a line
 * whose rates, buffer and delay are given. For Linux and root. Whatever happens, the namespaces go with this process.
 *
 *     home ═ tunnel ═ wan (testbed/wan-process.ts) ═ tunnel ═ outside
 */

import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'

import { type AnsweringProcess, startInNamespace } from './processes.ts'
import type { LineOptions } from './shaped-line.ts'
import { VXLAN_PORT, type WanAnswers, type WanOptions } from './wan-ends.ts'

export interface Wan {
  readonly home: NamespacedHost
  readonly outside: NamespacedHost
  readonly process: AnsweringProcess<WanAnswers>
  readonly close: () => Promise<void>
}

export interface NamespacedHost {
  readonly namespace: string
  readonly address: string
}

/** What an `ip` command may take, in ms: they take a few. */
const COMMAND_WITHIN_MS = 10_000

/** Of a packet inside the tunnel, in bytes: leaves room for the tunnel's own headers in 1500. */
const MTU_BYTES = 1400

const HOME = { tunnelAddress: '192.168.201.1', ownAddress: '192.168.201.2', address: '10.77.0.1' }
const OUTSIDE = { tunnelAddress: '192.168.202.1', ownAddress: '192.168.202.2', address: '10.77.0.2' }

const made = new Set<string>()
process.on('exit', () => made.forEach(removeNow))

/** Why there can be no namespaces here; null where there can. */
export async function whyNoNamespaces(): Promise<string | null> {
  if (process.platform !== 'linux') return 'this is not Linux'
  if (process.getuid?.() !== 0) return 'this is not root'
  const name = nameOf('try')
  try {
    await addNamespace(name)
    await ip('-n', name, 'link', 'add', 'tunnel', ...tunnelTo(HOME))
    return null
  } catch (error) {
    return error instanceof Error ? error.message.trim() : String(error)
  } finally {
    await remove(name)
  }
}

/** `congestionControl`: of all TCP between the two; what the kernel has, `cubic`, `reno` or `bbr`. */
export async function openWan(
  lines: { readonly up: LineOptions; readonly down: LineOptions },
  congestionControl: string,
): Promise<Wan> {
  const [home, wan, outside] = [nameOf('home'), nameOf('wan'), nameOf('outside')]
  let process: AnsweringProcess<WanAnswers> | null = null
  const close = async (): Promise<void> => {
    await process?.kill()
    for (const name of [home, wan, outside]) await remove(name)
  }
  try {
    for (const name of [home, wan, outside]) await addNamespace(name)
    await connect(home, wan, 'a', HOME, congestionControl)
    await connect(outside, wan, 'b', OUTSIDE, congestionControl)
    process = await startInNamespace<WanAnswers>(wan, 'testbed/wan-process.ts', {
      home: HOME,
      outside: OUTSIDE,
      ...lines,
    } satisfies WanOptions)
    return {
      home: { namespace: home, address: HOME.address },
      outside: { namespace: outside, address: OUTSIDE.address },
      process,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

type End = typeof HOME

async function connect(
  host: string,
  wan: string,
  letter: string,
  end: End,
  congestionControl: string,
): Promise<void> {
  const [near, far] = [`host-${letter}`, `wan-${letter}`]
  await ip('link', 'add', near, 'netns', host, 'type', 'veth', 'peer', 'name', far, 'netns', wan)
  await ip('-n', wan, 'address', 'add', `${end.ownAddress}/24`, 'dev', far)
  await ip('-n', wan, 'link', 'set', far, 'up')
  await ip('-n', host, 'address', 'add', `${end.tunnelAddress}/24`, 'dev', near)
  await ip('-n', host, 'link', 'set', near, 'up')
  await ip('-n', host, 'link', 'add', 'tunnel', ...tunnelTo(end))
  await ip('-n', host, 'address', 'add', `${end.address}/32`, 'dev', 'tunnel')
  // One packet at a time: the way between knows nothing of segments that are still to be cut.
  await ip('-n', host, 'link', 'set', 'tunnel', 'mtu', String(MTU_BYTES), 'gso_max_segs', '1', 'up')
  // Without a default route, Chromium finds no address of its own to offer.
  await ip(
    '-n',
    host,
    'route',
    'add',
    'default',
    'dev',
    'tunnel',
    'src',
    end.address,
    'congctl',
    congestionControl,
  )
}

function tunnelTo({ tunnelAddress, ownAddress }: End): string[] {
  const ends = ['local', tunnelAddress, 'remote', ownAddress, 'dstport', String(VXLAN_PORT)]
  return ['type', 'vxlan', 'id', '1', ...ends]
}

function nameOf(role: string): string {
  return `swarmfetch-${process.pid}-${role}`
}

async function addNamespace(name: string): Promise<void> {
  made.add(name)
  await ip('netns', 'add', name)
  await ip('-n', name, 'link', 'set', 'lo', 'up')
}

async function remove(name: string): Promise<void> {
  await ip('netns', 'delete', name).catch(() => undefined)
  made.delete(name)
}

function removeNow(name: string): void {
  try {
    execFileSync('ip', ['netns', 'delete', name], { stdio: 'ignore', timeout: COMMAND_WITHIN_MS })
  } catch {
    // It was not there, or is not to be had rid of.
  }
}

async function ip(...args: readonly string[]): Promise<void> {
  await promisify(execFile)('ip', args, { timeout: COMMAND_WITHIN_MS })
}
