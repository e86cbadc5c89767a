/** What unchoked neighbours ask of a client: one piece of each at a time is on the line, the next ones wait in order. */

import type { Uplink } from '../uplink.ts'
import type { Neighbour, Rest } from './neighbour.ts'

/** Most requests of a neighbour that wait: as many blocks, which are never more pieces (`reqq`, BEP 10). */
const MAX_QUEUED = 250

export class Serving {
  private readonly uplink: Uplink

  constructor(uplink: Uplink) {
    this.uplink = uplink
  }

  add(neighbour: Neighbour, rest: Rest): void {
    if (neighbour.queue.length >= MAX_QUEUED) return
    neighbour.queue.push(rest)
    if (neighbour.service === null) this.next(neighbour)
  }

  cancel(neighbour: Neighbour, chunk: number): void {
    const place = neighbour.queue.findIndex((rest) => rest.chunk === chunk)
    if (place < 0) return
    neighbour.queue.splice(place, 1)
    if (place > 0) return
    this.stop(neighbour)
    this.next(neighbour)
  }

  /** The neighbour is choked, or gone. */
  clear(neighbour: Neighbour): void {
    this.stop(neighbour)
    neighbour.queue.length = 0
  }

  /** The first of its pieces has left the line. */
  served(neighbour: Neighbour): void {
    this.count(neighbour)
    neighbour.service = null
    neighbour.queue.shift()
    this.next(neighbour)
  }

  /** Brings what was sent to the neighbour up to now. */
  count({ service, sent, queue }: Neighbour): void {
    const [first] = queue
    if (service === null || first === undefined) return
    queue[0] = { ...first, fromByte: service.committedBytes }
    sent.totalBytes += service.committedBytes - first.fromByte
  }

  private next(neighbour: Neighbour): void {
    const [first] = neighbour.queue
    if (first !== undefined) neighbour.service = this.uplink.serve(neighbour.end, first.chunk, first.fromByte)
  }

  private stop(neighbour: Neighbour): void {
    if (neighbour.service === null) return
    this.count(neighbour)
    this.uplink.unserve(neighbour.peer)
    neighbour.service = null
  }
}
