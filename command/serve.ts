/** `swarmfetch serve`: the topology server, until somebody stops it. */

import { iceServersFor } from '../signaling-server/ice-servers.ts'
import { startTopologyServer } from '../signaling-server/server.ts'
import { UsageError, type ServeCommand } from './arguments.ts'

/** Runs until SIGTERM or SIGINT. A second one, of the impatient, ends the process at once. */
export async function serve(command: ServeCommand, say: (line: string) => void): Promise<void> {
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
