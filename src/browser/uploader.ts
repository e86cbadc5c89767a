/**
 * Carries out the session's `serve` and `unserve`: cuts a chunk into blocks and hands them to the link, no faster than
 * it sends.
 */

import type { SessionInput } from '../core/session-io.ts'
import type { PeerId } from '../core/types.ts'
import { BLOCK_HEADER_BYTES, encodeBlock } from '../core/wire/peer-codec.ts'
import { MAX_BLOCK_BYTES } from '../core/wire/limits.ts'
import type { Bytes, Links } from '../ports.ts'

export interface UploaderOptions {
  readonly links: Links
  readonly feed: (input: SessionInput) => void
  readonly read: (chunk: number) => Promise<Bytes | null>
  /** Bytes went out. For the statistics. */
  readonly sent: (peer: PeerId, bytes: number) => void
}

interface Job {
  readonly chunk: number
  isCancelled: boolean
  /** Called when the link has drained. */
  wake: (() => void) | null
}

export class Uploader {
  private readonly options: UploaderOptions
  /** The session serves a neighbour one chunk at a time. */
  private readonly jobs = new Map<PeerId, Job>()

  constructor(options: UploaderOptions) {
    this.options = options
  }

  serve(peer: PeerId, chunk: number): void {
    const job: Job = { chunk, isCancelled: false, wake: null }
    this.jobs.set(peer, job)
    this.send(peer, job).then(
      (isSent) => this.settle(peer, job, isSent ? 'served' : 'unservable'),
      () => this.settle(peer, job, 'unservable'),
    )
  }

  unserve(peer: PeerId): void {
    const job = this.jobs.get(peer)
    if (job === undefined) return
    this.jobs.delete(peer)
    job.isCancelled = true
    job.wake?.()
  }

  drained(peer: PeerId): void {
    this.jobs.get(peer)?.wake?.()
  }

  private settle(peer: PeerId, job: Job, type: 'served' | 'unservable'): void {
    if (job.isCancelled) return
    this.jobs.delete(peer)
    this.options.feed({ type, peer, chunk: job.chunk })
  }

  /** False where the chunk cannot be read. */
  private async send(peer: PeerId, job: Job): Promise<boolean> {
    const { links, read, sent } = this.options
    const bytes = await read(job.chunk)
    if (bytes === null) return false
    const blockBytes = Math.min(MAX_BLOCK_BYTES, links.maxFrameBytes(peer) - BLOCK_HEADER_BYTES)
    for (let offset = 0; offset < bytes.byteLength; offset += blockBytes) {
      await this.whenRoom(peer, job)
      if (job.isCancelled) return true
      const end = Math.min(bytes.byteLength, offset + blockBytes)
      links.send(peer, encodeBlock(job.chunk, offset, bytes, offset, end))
      sent(peer, end - offset)
    }
    await this.whenRoom(peer, job)
    return true
  }

  private async whenRoom(peer: PeerId, job: Job): Promise<void> {
    const { links } = this.options
    while (!job.isCancelled && links.unsentBytes(peer) >= links.highWaterBytes)
      await new Promise<void>((resolve) => {
        job.wake = resolve
      })
  }
}
