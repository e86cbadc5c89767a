/**
 * The command `swarmfetch`. Results go to standard output and nothing else does; all the rest goes to standard error.
 * Exit codes: 0 done, 1 it could not be done, 2 the arguments make no sense.
 */

import { ManifestError } from '../signaling-server/manifest.ts'
import { parseCommand, UsageError, type Command } from './arguments.ts'
import { writeManifest } from './manifest.ts'
import { runRoomily } from './roomy-process.ts'
import { serve } from './serve.ts'

// Whoever reads our output may have enough of it, as `head` has.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(1)
})

process.exitCode = await run(process.argv.slice(2))

async function run(words: readonly string[]): Promise<number> {
  try {
    return await carryOut(parseCommand(words, process.env['SWARMFETCH_TURN_SECRET']), words)
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

async function carryOut(command: Command, words: readonly string[]): Promise<number> {
  switch (command.name) {
    case 'help':
      process.stdout.write(command.text)
      return 0
    case 'serve':
      await serve(command, say)
      return 0
    case 'manifest':
      await writeManifest(command)
      return 0
    case 'simulate': {
      const code = command.source === null ? null : await runRoomily(words)
      if (code !== null) return code
      // Only now, as a topology server need not wait for the simulator to be read.
      const { simulateScenarios } = await import('./simulate.ts')
      return simulateScenarios(command, { print, say })
    }
  }
}

/** Such as a port that is taken or a file that cannot be written: the message is enough. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
