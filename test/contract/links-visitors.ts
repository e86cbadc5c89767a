/** Visitors in one page whose links carry each other's signals, as a topology server would. */

import { parsePeerId, type PeerId } from '../../src/core/types.ts'
import type { Bytes, Links, LinksFactory, LinksOptions } from '../../src/ports.ts'

/** A visitor, or a stranger. */
export interface WithId {
  readonly id: PeerId
}

export interface Visitor extends WithId {
  readonly links: Links
  /** Everything that its links said but signals: `opened`, `closed` and `drained` with the peer, `frame` also with its first byte. */
  readonly log: readonly string[]
  /** What it had signalled. */
  readonly signals: readonly unknown[]
  opened(other: WithId): Promise<void>
  closed(other: WithId): Promise<void>
  drained(other: WithId): Promise<void>
  /** Resolves when `count` more frames have come. */
  receives(count: number, look?: (frame: Bytes, at: number) => void): Promise<void>
  /** Resolves when a sender of bulk may go on. */
  room(other: WithId): Promise<void>
}

export class Visitors {
  /** Whether whoever carries the signals loses them all. */
  signalsAreLost = false
  private readonly factory: LinksFactory
  private readonly visitors: Visitor[] = []
  private readonly receivers = new Map<PeerId, (from: PeerId, data: unknown) => void>()

  constructor(factory: LinksFactory) {
    this.factory = factory
  }

  come<Count extends number>(
    count: Count,
    options: Partial<LinksOptions> = {},
  ): Count extends 1
    ? [Visitor]
    : Count extends 2
      ? [Visitor, Visitor]
      : [Visitor, Visitor, Visitor, ...Visitor[]] {
    const newcomers = Array.from({ length: count }, () => this.comeOne(options))
    return newcomers as ReturnType<typeof this.come<Count>>
  }

  /** Two newcomers with an open link between them. */
  async linked(): Promise<[Visitor, Visitor]> {
    const [ada, ben] = this.come(2)
    ada.links.connect(ben.id)
    await Promise.all([ada.opened(ben), ben.opened(ada)])
    return [ada, ben]
  }

  /** A frame each way between the two, which shows that all before it has been handled. */
  async exchange(first: Visitor, second: Visitor): Promise<void> {
    const arrivals = Promise.all([first.receives(1), second.receives(1)])
    first.links.send(second.id, Uint8Array.of(1))
    second.links.send(first.id, Uint8Array.of(1))
    await arrivals
  }

  /** Carries signals to one who is not made of links. */
  invite(stranger: { readonly id: PeerId; receive(data: unknown): void }): void {
    this.receivers.set(stranger.id, (_from, data) => stranger.receive(data))
  }

  leave(): void {
    for (const { links } of this.visitors) links.closeAll()
  }

  private comeOne(options: Partial<LinksOptions>): Visitor {
    const id = idOf((0xabc000 + this.visitors.length).toString(16).padStart(16, '0'))
    const log: string[] = []
    const signals: unknown[] = []
    const watchers = new Set<() => void>()
    const lookers = new Set<(frame: Bytes) => void>()
    const note = (line: string): void => {
      log.push(line)
      for (const watcher of watchers) watcher()
    }
    const until = (isDone: () => boolean): Promise<void> =>
      new Promise((resolve) => {
        const watcher = (): void => {
          if (!isDone()) return
          watchers.delete(watcher)
          resolve()
        }
        watchers.add(watcher)
        watcher()
      })
    const happensAgain = (line: string): Promise<void> => {
      const count = (): number => log.filter((noted) => noted === line).length
      const before = count()
      return until(() => count() > before)
    }
    const links = this.factory({
      opened: (peer) => note(`opened ${peer}`),
      closed: (peer) => note(`closed ${peer}`),
      drained: (peer) => note(`drained ${peer}`),
      frame: (peer, frame) => {
        for (const look of lookers) look(frame)
        note(`frame ${peer} ${frame[0]}`)
      },
      signal: (peer, data) => {
        signals.push(data)
        const text = JSON.stringify(data)
        queueMicrotask(() => {
          if (!this.signalsAreLost) this.receivers.get(peer)?.(id, JSON.parse(text))
        })
      },
    })
    if (links === null) throw new Error('This browser cannot make links.')
    links.configure({ selfId: id, iceServers: [], relayOnly: false, ...options })
    const visitor: Visitor = {
      id,
      links,
      log,
      signals,
      opened: (other) => happensAgain(`opened ${other.id}`),
      closed: (other) => happensAgain(`closed ${other.id}`),
      drained: (other) => happensAgain(`drained ${other.id}`),
      receives: async (count, look) => {
        let seen = 0
        const looker = (frame: Bytes): void => {
          if (seen < count) look?.(frame, seen)
          seen++
        }
        lookers.add(looker)
        await until(() => seen >= count)
        lookers.delete(looker)
      },
      room: (other) => until(() => links.unsentBytes(other.id) < links.highWaterBytes),
    }
    this.visitors.push(visitor)
    this.receivers.set(id, (from, data) => links.signal(from, data))
    return visitor
  }
}

export function idOf(text: string): PeerId {
  const id = parsePeerId(text)
  if (id === null) throw new Error(`${text} is no peer id.`)
  return id
}
