/** What the words after `swarmfetch` mean. Pure; `command.ts` does it. */

import { parseArgs, type ParseArgsConfig } from 'node:util'

import { FAULT_MIX } from '../simulator/faults/fault-mix.ts'
import { MAX_PEERS, MAX_SEED } from '../simulator/parse-scenario.ts'
import { POLICIES, type Policy } from '../simulator/policies.ts'
import { isTurn } from '../signaling-server/ice-servers.ts'
import { parseWebOrigin } from '../signaling-server/web-origin.ts'
import { MAX_FILE_BYTES } from '../src/core/wire/limits.ts'

export interface ServeCommand {
  readonly name: 'serve'
  readonly host: string
  readonly port: number
  readonly origins: readonly string[]
  /** Null: every page. */
  readonly pageOrigins: readonly string[] | null
  readonly iceUrls: readonly string[]
  readonly turnSecret: string | null
  readonly trustProxy: boolean
}

export interface ManifestCommand {
  readonly name: 'manifest'
  readonly source: string
  /** Null: by the file's size. */
  readonly chunkBytes: number | null
  /** Null: standard output. */
  readonly out: string | null
}

export interface SimulateCommand {
  readonly name: 'simulate'
  /** Null: list what there is. */
  readonly source: string | null
  /** Null, here and below: as the scenario says. */
  readonly seed: number | null
  readonly peers: number | null
  readonly sizeBytes: number | null
  readonly policy: Policy | null
  /** How many seeds of the fault mix, one after another. */
  readonly seeds: number | null
  readonly json: boolean
}

export interface HelpCommand {
  readonly name: 'help'
  readonly text: string
}

export type Command = ServeCommand | ManifestCommand | SimulateCommand | HelpCommand

/** The arguments make no sense; the message says which, and what would. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Reads `swarmfetch`'s arguments. `turnSecret`: what the environment holds, if anything. Throws `UsageError`. */
export function parseCommand(words: readonly string[], turnSecret?: string): Command {
  const [name, ...rest] = words
  if (name === undefined)
    throw new UsageError('Say what to do: serve, manifest or simulate. `swarmfetch --help` tells more.')
  if (name === '--help' || name === '-h' || name === 'help') return { name: 'help', text: HELP }
  if (name === 'serve') return parseServe(rest, turnSecret)
  if (name === 'manifest') return parseManifest(rest)
  if (name === 'simulate') return parseSimulate(rest)
  throw new UsageError(`There is no command "${name}". \`swarmfetch --help\` lists them.`)
}

const HELP = `swarmfetch: what a swarm of downloading visitors needs besides a page

  swarmfetch serve [options]              run a topology server, which introduces visitors to each other
    --host HOST           address to listen on (default 127.0.0.1: this machine only)
    --port PORT           0: any free one (default 8400)
    --page-origin URL     a page that may connect, such as https://www.example.com; repeatable (default: any)
    --ice URL             a stun:, stuns:, turn: or turns: server for visitors; repeatable (default: none)
    --turn-secret SECRET  shared with the TURN servers (coturn: use-auth-secret); visitors get credentials that
                          expire after a day. Better given as SWARMFETCH_TURN_SECRET, which \`ps\` does not show
    --origin URL          an origin whose files may be audited; repeatable. Checked, but audits are not built yet:
                          it changes nothing so far
    --trust-proxy         take visitors' addresses from X-Forwarded-For; only behind a proxy that writes it

    When it listens it prints one line of JSON with its url. It ends on SIGTERM or SIGINT, after saying goodbye.
    It speaks ws:// only; pages on https:// need wss://, so put a TLS proxy before it.

  swarmfetch manifest FILE|URL [options]  hash a file chunk by chunk; a page passes the result as \`integrity\`
    --chunk-bytes N       length of a chunk (default: by the file's size, 16 KiB to 2 MiB)
    --out FILE            where to write it (default: standard output)

  swarmfetch simulate FILE|NAME [options] run a whole swarm in virtual time; the same seed gives the same run
    --list                say which scenarios there are; NAME is one of them, such as slurpie-lan (all its variants)
                          or slurpie-lan/at-once; FILE.json is one of your own, FILE.json/VARIANT one of several in it
    --seed N              another seed than the scenario's
    --peers N             another number of peers
    --size-mb N           another size of the file, in MB of 10^6 bytes
    --policy WHICH        by what everybody downloads (default: as the scenario says)
        swarm                   this library
        plain                   plain HTTP
        slurpie-1, slurpie-3    Slurpie to the letter: to the origin with probability k/n a slot, k = 1 or 3
        bittorrent-sequential   a BitTorrent client with a web seed, asked for pieces in order
        bittorrent-rarest       the same, asked for the rarest pieces
        both, all               swarm and plain; every one of them
    --json                one line of JSON a run instead of a table

    NAME fault-mix draws a swarm and what goes wrong in it from the seed, and holds it against what must hold whatever
    goes wrong.
    --seeds N             runs N seeds of it, one after another, and tells those that failed

    It ends with 1 if a run broke an invariant, or a bound that its scenario names (\`expect\`) did not hold, and
    says how to replay it. Ten thousand peers want a few GB: NODE_OPTIONS=--max-old-space-size=8192.

  swarmfetch --help
`

const SERVE_OPTIONS = {
  host: { type: 'string', default: '127.0.0.1' },
  port: { type: 'string', default: '8400' },
  origin: { type: 'string', multiple: true, default: [] },
  'page-origin': { type: 'string', multiple: true },
  ice: { type: 'string', multiple: true, default: [] },
  'turn-secret': { type: 'string' },
  'trust-proxy': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h' },
} satisfies ParseArgsConfig['options']

const MANIFEST_OPTIONS = {
  'chunk-bytes': { type: 'string' },
  out: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} satisfies ParseArgsConfig['options']

/** Most seeds in one search: days of it. */
const MAX_SEEDS = 1_000_000

const SIMULATE_OPTIONS = {
  list: { type: 'boolean', default: false },
  seed: { type: 'string' },
  peers: { type: 'string' },
  'size-mb': { type: 'string' },
  policy: { type: 'string' },
  seeds: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h' },
} satisfies ParseArgsConfig['options']

function parseServe(words: readonly string[], environmentSecret: string | undefined): Command {
  const { values } = understood(() => parseArgs({ args: [...words], options: SERVE_OPTIONS }))
  if (values.help === true) return { name: 'help', text: HELP }
  const turnSecret = values['turn-secret'] ?? environmentSecret ?? null
  for (const url of values.ice) checkIceUrl(url, turnSecret)
  return {
    name: 'serve',
    host: values.host,
    port: wholeNumber('--port', values.port, 0, 65_535),
    origins: values.origin.map((text) => webOrigin('--origin', text)),
    pageOrigins: values['page-origin']?.map((text) => webOrigin('--page-origin', text)) ?? null,
    iceUrls: values.ice,
    turnSecret,
    trustProxy: values['trust-proxy'],
  }
}

function parseManifest(words: readonly string[]): Command {
  const { values, positionals } = understood(() =>
    parseArgs({ args: [...words], options: MANIFEST_OPTIONS, allowPositionals: true }),
  )
  if (values.help === true) return { name: 'help', text: HELP }
  const [source, ...more] = positionals
  if (source === undefined || more.length > 0)
    throw new UsageError('`swarmfetch manifest` takes one FILE or URL.')
  const chunkBytes = values['chunk-bytes']
  return {
    name: 'manifest',
    source,
    chunkBytes:
      chunkBytes === undefined ? null : wholeNumber('--chunk-bytes', chunkBytes, 1, Number.MAX_SAFE_INTEGER),
    out: values.out ?? null,
  }
}

function parseSimulate(words: readonly string[]): Command {
  const { values, positionals } = understood(() =>
    parseArgs({ args: [...words], options: SIMULATE_OPTIONS, allowPositionals: true }),
  )
  if (values.help === true) return { name: 'help', text: HELP }
  const [source = null, ...more] = positionals
  if ((source === null) !== values.list || more.length > 0)
    throw new UsageError('`swarmfetch simulate` takes one FILE or NAME, or --list, which lists the names.')
  const command: SimulateCommand = {
    name: 'simulate',
    source,
    seed: optional(values.seed, (text) => wholeNumber('--seed', text, 0, MAX_SEED)),
    peers: optional(values.peers, (text) => wholeNumber('--peers', text, 1, MAX_PEERS)),
    sizeBytes: optional(values['size-mb'], megabytes),
    policy: optional(values.policy, policyOf),
    seeds: optional(values.seeds, (text) => wholeNumber('--seeds', text, 1, MAX_SEEDS)),
    json: values.json,
  }
  checkSeeds(command)
  return command
}

/** The mix draws everything by its seed; only of the mix many seeds are run. */
function checkSeeds({ source, peers, sizeBytes, policy, seeds }: SimulateCommand): void {
  if (source !== FAULT_MIX && seeds !== null) throw new UsageError(`--seeds goes with ${FAULT_MIX} only.`)
  if (source === FAULT_MIX && (peers !== null || sizeBytes !== null || policy !== null))
    throw new UsageError(`${FAULT_MIX} draws all by its seed: it takes --seed, --seeds and --json only.`)
}

function optional<T>(text: string | undefined, read: (text: string) => T): T | null {
  return text === undefined ? null : read(text)
}

/** From MB of 10⁶ bytes, decimals allowed, to bytes. */
function megabytes(text: string): number {
  const bytes = /^\d+(?:\.\d+)?$/.test(text) ? Math.round(Number(text) * 1e6) : Number.NaN
  if (bytes >= 1 && bytes <= MAX_FILE_BYTES) return bytes
  throw new UsageError(
    `--size-mb takes a number of MB from 0.000001 to ${Math.floor(MAX_FILE_BYTES / 1e6)}, not "${text}".`,
  )
}

function policyOf(text: string): Policy {
  const policy = POLICIES.find((name) => name === text)
  if (policy !== undefined) return policy
  const names = `${POLICIES.slice(0, -1).join(', ')} or ${POLICIES.at(-1)}`
  throw new UsageError(`--policy takes ${names}, not "${text}".`)
}

/** Node's own words for an unknown or incomplete option are good enough, as a usage error. */
function understood<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (number >= least && number <= most) return number
  throw new UsageError(`${option} takes a whole number from ${least} to ${most}, not "${text}".`)
}

function webOrigin(option: string, text: string): string {
  const origin = parseWebOrigin(text)
  if (origin !== null) return origin
  throw new UsageError(
    `${option} takes an origin such as https://www.example.com, without a path, not "${text}".`,
  )
}

function checkIceUrl(url: string, turnSecret: string | null): void {
  if (!/^(?:stuns?|turns?):[^\s"\\/]+$/.test(url)) {
    throw new UsageError(`--ice takes a URL such as stun:stun.example.com:3478, not "${url}".`)
  }
  if (isTurn(url) && turnSecret === null) throw new UsageError(`"${url}" needs --turn-secret.`)
}
