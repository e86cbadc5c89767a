/**
 * On what, and with what, a run was made: figures of two machines, browsers or commits are not to be compared unawares.
 */

import { execFileSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'

import { findChromium } from '../testbed/chromium.ts'
import { projectRoot } from '../testbed/processes.ts'
import { versionOf } from './packages.ts'

export interface Machine {
  /** As git names it; a `+` says that it was changed since. Null where git was not to be asked. */
  readonly commit: string | null
  readonly cpu: string
  readonly cores: number
  readonly memoryGB: number
  readonly node: string
  readonly browser: string
  readonly webtorrent: string | null
  readonly simplePeer: string | null
}

export function machineHere(): Machine {
  const processors = cpus()
  return {
    commit: commit(),
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGB: Math.round(totalmem() / 1e9),
    node: process.version,
    browser: output(findChromium(), '--version') ?? 'unknown',
    webtorrent: versionOf('webtorrent'),
    simplePeer: versionOf('simple-peer'),
  }
}

function commit(): string | null {
  const name = output('git', 'rev-parse', '--short', 'HEAD')
  const changes = output('git', 'status', '--porcelain', '--', 'src', 'testbed', 'bench', 'signaling-server')
  return name === null ? null : name + (changes === '' ? '' : '+')
}

function output(program: string, ...args: readonly string[]): string | null {
  try {
    const options = { cwd: projectRoot, encoding: 'utf8', stdio: 'pipe' } as const
    return execFileSync(program, args, options).trim()
  } catch {
    return null
  }
}
