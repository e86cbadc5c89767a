/**
 * Network namespaces with modems between them: hosts see each other by one address each, over access lines whose rates,
 * buffers and delays are given. For Linux and root. Whatever happens, the namespaces go with this process.
 *
 *     host 0 ═ tunnel ═ wan (testbed/wan-process.ts) ═ tunnel ═ host 1, and so on
 */

import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'

import { type AnsweringProcess, startInNamespace } from './processes.ts'
import { type AccessLine, VXLAN_PORT, type WanAnswers, type WanEnd, type WanOptions } from './wan-ends.ts'

export interface Wan {
  /** In the order of their lines. */
  readonly hosts: readonly NamespacedHost[]
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

/** Hosts that addresses are there for. */
const MOST_HOSTS = 50

const made = new Set<string>()
process.on('exit', () => made.forEach(removeNow))

/** Why there can be no namespaces here; null where there can. */
export async function whyNoNamespaces(): Promise<string | null> {
  if (process.platform !== 'linux') return 'this is not Linux'
  if (process.getuid?.() !== 0) return 'this is not root'
  const name = nameOf('try')
  try {
    await addNamespace(name)
    await ip('-n', name, 'link', 'add', 'tunnel', ...tunnelTo(addressesOf(0)))
    return null
  } catch (error) {
    return error instanceof Error ? error.message.trim() : String(error)
  } finally {
    await remove(name)
  }
}

/**
 * A host a line; `look` is about the first one's. `congestionControl`: of all TCP between them; what the kernel has, `cubic`,
 * `reno` or `bbr`.
 */
export async function openWan(lines: readonly AccessLine[], congestionControl: string): Promise<Wan> {
  if (lines.length > MOST_HOSTS) throw new RangeError(`There can be ${MOST_HOSTS} hosts at most.`)
  const wan = nameOf('wan')
  const ends = lines.map((line, index) => ({ ...line, ...addressesOf(index) }))
  const hosts = ends.map(({ address }, index) => ({ namespace: nameOf(`host-${index}`), address }))
  let process: AnsweringProcess<WanAnswers> | null = null
  const close = async (): Promise<void> => {
    await process?.kill()
    for (const name of [wan, ...hosts.map(({ namespace }) => namespace)]) await remove(name)
  }
  try {
    await addNamespace(wan)
    for (const [index, { namespace }] of hosts.entries()) {
      await addNamespace(namespace)
      await connect(namespace, wan, index, congestionControl)
    }
    const options: WanOptions = { ends }
    process = await startInNamespace<WanAnswers>(wan, 'testbed/wan-process.ts', options)
    return { hosts, process, close }
  } catch (error) {
    await close()
    throw error
  }
}

type Addresses = Omit<WanEnd, keyof AccessLine>

function addressesOf(index: number): Addresses {
  const outer = `192.168.${201 + index}`
  return { tunnelAddress: `${outer}.1`, ownAddress: `${outer}.2`, address: `10.77.0.${index + 1}` }
}

async function connect(host: string, wan: string, index: number, congestionControl: string): Promise<void> {
  const end = addressesOf(index)
  const [near, far] = [`host-${index}`, `wan-${index}`]
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

function tunnelTo({ tunnelAddress, ownAddress }: Addresses): string[] {
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
