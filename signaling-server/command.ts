/**
 * The command `swarmfetch`. Results go to standard output and nothing else does; all the rest goes to standard error.
 * Exit codes: 0 done, 1 it could not be done, 2 the arguments make no sense.
 */

import { writeFile } from 'node:fs/promises'

import {
  parseCommand,
  UsageError,
  type Command,
  type ManifestCommand,
  type ServeCommand,
} from './arguments.ts'
import { iceServersFor } from './ice-servers.ts'
import { ManifestError, manifestOf } from './manifest.ts'
import { startTopologyServer } from './server.ts'

process.exitCode = await run(process.argv.slice(2))

async function run(words: readonly string[]): Promise<number> {
  try {
    await carryOut(parseCommand(words, process.env['SWARMFETCH_TURN_SECRET']))
    return 0
  } catch (error) {
    const isFaultOfOurs = !(
      error instanceof UsageError ||
      error instanceof ManifestError ||
      isSystemError(error)
    )
    say(error instanceof Error ? ((isFaultOfOurs ? error.stack : undefined) ?? error.message) : String(error))
    return error instanceof UsageError ? 2 : 1
  }
}

async function carryOut(command: Command): Promise<void> {
  switch (command.name) {
    case 'help':
      process.stdout.write(command.text)
      return
    case 'serve':
      return serve(command)
    case 'manifest':
      return writeManifest(command)
  }
}

/** Runs until SIGTERM or SIGINT. A second one, of the impatient, ends the process at once. */
async function serve(command: ServeCommand): Promise<void> {
  const { host, port, origins, trustProxy } = command
  const ice = { urls: command.iceUrls, turnSecret: command.turnSecret ?? undefined }
  const stopped = stopSignal()
  const server = await startTopologyServer({
    host,
    port,
    origins,
    trustProxy,
    ...(command.pageOrigins === null ? {} : { pageOrigins: command.pageOrigins }),
    iceServers: (id) => iceServersFor(ice, id, Date.now()),
    log: say,
  }).catch((error: unknown) => {
    throw error instanceof TypeError ? new UsageError(error.message, { cause: error }) : error
  })
  process.stdout.write(`${JSON.stringify({ url: server.url, port: server.port })}\n`)
  say(`Listening on ${server.url}`)
  say(`Stopping on ${await stopped}`)
  await server.close()
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals): void => {
      process.off('SIGTERM', stop).off('SIGINT', stop)
      resolve(signal)
    }
    process.on('SIGTERM', stop).on('SIGINT', stop)
  })
}

async function writeManifest({ source, chunkBytes, out }: ManifestCommand): Promise<void> {
  const manifest = await manifestOf(source, chunkBytes === null ? {} : { chunkBytes })
  const text = `${JSON.stringify(manifest)}\n`
  if (out === null) process.stdout.write(text)
  else await writeFile(out, text)
}

/** Such as a port that is taken or a file that cannot be written: the message is enough. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
