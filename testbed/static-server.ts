/**
 * Serves the pages of demo and testbed. Every path is listed beforehand, so nothing else of the disk can be reached,
 * and every answer carries the policy under which the library promises to work: no inline script or style, nothing
 * from elsewhere but downloads and signaling.
 */

import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'

export interface Served {
  readonly type: string
  readonly body: string | Uint8Array
}

/** Path of a file, read at every request, or a function that makes the answer. */
export type Route = string | (() => Served | Promise<Served>)

export interface StaticServer {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string
  close(): Promise<void>
}

/** Starts on 127.0.0.1. Port 0 (the default) takes a free one. Rejects where the port is taken. */
export async function startStaticServer(options: {
  readonly routes: Readonly<Record<string, Route>>
  readonly port?: number
}): Promise<StaticServer> {
  const routes = new Map(Object.entries(options.routes))
  const server = createServer((request, response) => {
    answer(routes, request, response).catch((error: unknown) => fail(response, error))
  })
  const port = await listen(server, options.port ?? 0)
  return { url: `http://127.0.0.1:${port}`, close: () => close(server) }
}

export function json(value: unknown): Served {
  return { type: 'application/json; charset=utf-8', body: JSON.stringify(value) }
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const HEADERS = {
  'content-security-policy':
    "default-src 'self'; connect-src http: https: ws: wss:; script-src 'self' 'wasm-unsafe-eval'",
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

async function answer(
  routes: ReadonlyMap<string, Route>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
  const route = routes.get(path)
  if (route === undefined) return refuse(response, 404, `Nothing is served at ${path}.`)
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return refuse(response, 405, 'Only GET and HEAD are answered here.')
  }
  const served = typeof route === 'string' ? await fromDisk(route) : await route()
  response.writeHead(200, { ...HEADERS, 'content-type': served.type })
  response.end(request.method === 'HEAD' ? undefined : served.body)
}

async function fromDisk(path: string): Promise<Served> {
  return { type: TYPES[extname(path)] ?? 'application/octet-stream', body: await readFile(path) }
}

function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' })
  response.end(sentence)
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) response.destroy()
  else refuse(response, 500, error instanceof Error ? error.message : String(error))
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
