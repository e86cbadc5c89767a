/**
 * A page's visitor who downloads by WebTorrent: its browser build, with the origin as web seed, at the best setting that was
 * found, `rarest` (by its default, `sequential`, everybody fetches the same pieces in the same order).
 */

import type { Guest } from '../testbed/page-agent.ts'

interface TorrentFile {
  blob(): Promise<Blob>
}

interface Torrent {
  readonly files: readonly TorrentFile[]
  on(event: 'done', listener: () => void): void
  on(event: 'error', listener: (error: Error) => void): void
}

interface Client {
  add(torrent: Uint8Array, options: { readonly strategy: 'rarest' }): Torrent
  on(event: 'error', listener: (error: Error) => void): void
  destroy(): void
}

type ClientClass = new (options: { readonly tracker: { readonly rtcConfig: RTCConfiguration } }) => Client

/** Read at once, as the library's own script is: what counts is the time from the click on. */
const WEBTORRENT: string = '/webtorrent.js'
const loading = import(/* @vite-ignore */ WEBTORRENT) as Promise<{ readonly default: ClientClass }>

const clients: Client[] = []

const webtorrent: Guest = {
  async download({ options }) {
    const { default: WebTorrent } = await loading
    // No servers to ask for addresses: here nobody is behind a NAT, and there is nobody to ask.
    const client = new WebTorrent({ tracker: { rtcConfig: { iceServers: [] } } })
    clients.push(client)
    const torrent = Uint8Array.from(atob(String(options['torrent'])), (letter) => letter.charCodeAt(0))
    return fetched(client, torrent)
  },
  release() {
    for (const client of clients.splice(0)) client.destroy()
  },
}

window.guests = { ...window.guests, webtorrent }

function fetched(client: Client, bytes: Uint8Array): Promise<Blob> {
  return new Promise((resolve, reject) => {
    client.on('error', reject)
    const torrent = client.add(bytes, { strategy: 'rarest' })
    torrent.on('error', reject)
    torrent.on('done', () => {
      const [file] = torrent.files
      if (file === undefined) reject(new Error('The torrent holds no file.'))
      else file.blob().then(resolve, reject)
    })
  })
}
