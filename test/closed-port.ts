import { connect } from 'node:net'

/** Below what systems give to whoever asks for any port (32,768 on Linux, 49,152 elsewhere), and none that browsers refuse. */
const FIRST_PORT = 11_000
const PORTS = 20_000

/**
 * A port of 127.0.0.1 at which nothing listens, now or later in the test: one that was merely free a moment ago went to
 * the next server that was started.
 */
export async function closedPort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS)
    if (!(await isOpen(port))) return port
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
