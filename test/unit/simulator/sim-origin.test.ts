import { describe, expect, it } from 'vitest'

import { EventQueue } from '../../../simulator/event-queue.ts'
import type { OriginModel } from '../../../simulator/scenario.ts'
import { OriginClient } from '../../../simulator/origin-client.ts'
import { SimOrigin, type SimResponse } from '../../../simulator/sim-origin.ts'

const RTT_MS = 100
const LENGTH_BYTES = 1_000_000

interface Heard {
  response: SimResponse
  openedMs: number
  bytes: number
  endedMs: number
}

class Setting {
  readonly queue: EventQueue = new EventQueue()
  readonly origin: SimOrigin

  constructor(model: OriginModel) {
    this.origin = new SimOrigin(this.queue, model)
  }

  ask(client = new OriginClient(RTT_MS, Infinity), lengthBytes = LENGTH_BYTES): Heard {
    const { queue } = this
    const response = this.origin.ask({
      client,
      lengthBytes,
      stepBytes: Infinity,
      opened: () => (heard.openedMs = queue.nowMs),
      arrived: (bytes) => {
        heard.bytes = bytes
        if (bytes === lengthBytes) heard.endedMs = queue.nowMs
      },
    })
    const heard: Heard = { response, openedMs: -1, bytes: 0, endedMs: -1 }
    return heard
  }

  run(untilMs = Infinity): void {
    while (this.queue.nextMs <= untilMs && this.queue.step());
  }
}

/** Time from the first to the last byte of so many in a slow start that nothing but the line ends, in ms. */
function slowStartMs(lengthBytes: number, lineBytesPerMs: number): number {
  let [windowBytes, leftBytes, ms] = [14_600, lengthBytes, 0]
  for (;;) {
    const rate = Math.min(lineBytesPerMs, windowBytes / RTT_MS)
    if (rate === lineBytesPerMs || leftBytes <= rate * RTT_MS) return ms + leftBytes / rate
    leftBytes -= rate * RTT_MS
    ms += RTT_MS
    windowBytes *= 2
  }
}

describe('the simulated origin', () => {
  it('takes two round trips to the first byte, then starts slowly', () => {
    const setting = new Setting({ upBytesPerSec: 1_000_000 })
    const heard = setting.ask()
    setting.run()
    expect(heard.openedMs).toBe(2 * RTT_MS)
    expect(heard.endedMs).toBeCloseTo(2 * RTT_MS + slowStartMs(LENGTH_BYTES, 1000), 3)
    expect(setting.origin.bytesSent).toBeCloseTo(LENGTH_BYTES, 3)
  })

  it('takes one round trip on a connection that is there, and no slow start on one just used', () => {
    const setting = new Setting({ upBytesPerSec: 1_000_000 })
    const client = new OriginClient(RTT_MS, 1000)
    setting.ask(client)
    setting.run()
    const startMs = setting.queue.nowMs
    const again = setting.ask(client)
    setting.run()
    expect(again.openedMs - startMs).toBeCloseTo(RTT_MS, 6)
    expect(again.endedMs - startMs).toBeCloseTo(RTT_MS + LENGTH_BYTES / 1000, 3)
  })

  it('opens a second connection beside a busy one', () => {
    const setting = new Setting({ upBytesPerSec: 1_000_000 })
    const client = new OriginClient(RTT_MS, 1000)
    setting.ask(client)
    setting.run(5 * RTT_MS)
    const startMs = setting.queue.nowMs
    const beside = setting.ask(client)
    setting.run()
    expect(beside.openedMs - startMs).toBeCloseTo(2 * RTT_MS, 6)
  })

  it.each([
    ['h1', 2],
    ['h2', 1],
  ] as const)(
    'under %s sends on for half a round trip after an abort, and the next takes %i',
    (http, trips) => {
      const setting = new Setting({ upBytesPerSec: 1_000_000, http })
      const client = new OriginClient(RTT_MS, Infinity)
      const cut = setting.ask(client)
      setting.run(1000)
      setting.queue.callAt(1000, () => setting.origin.cut(cut.response))
      setting.run(1000)
      const sentBytes = setting.origin.bytesSent
      const next = setting.ask(client, 1000)
      setting.run(1000 + RTT_MS / 2)
      expect(setting.origin.bytesSent - sentBytes).toBeCloseTo((1000 * RTT_MS) / 2, -2)
      setting.run()
      expect(cut.bytes).toBe(0)
      expect(next.openedMs).toBeCloseTo(1000 + trips * RTT_MS, 6)
    },
  )

  it('keeps more than it may open waiting, in order', () => {
    const setting = new Setting({ upBytesPerSec: 1_000_000, maxConnections: 1 })
    const first = setting.ask()
    const second = setting.ask()
    const third = setting.ask()
    setting.run()
    expect(setting.origin.openMax).toBe(1)
    expect(first.endedMs).toBeLessThanOrEqual(second.openedMs)
    expect(second.endedMs).toBeLessThanOrEqual(third.openedMs)
  })

  it('gives no connection more than it may have', () => {
    const setting = new Setting({ upBytesPerSec: 10_000_000, maxBytesPerSecPerConnection: 100_000 })
    const heard = setting.ask()
    setting.run()
    expect(heard.endedMs - heard.openedMs).toBeCloseTo(LENGTH_BYTES / 100, 3)
  })

  it('sends ten thousand at once the file in a few events each', () => {
    const setting = new Setting({ upBytesPerSec: 100_000_000 })
    const all = Array.from({ length: 10_000 }, () => setting.ask(new OriginClient(RTT_MS, 1000)))
    setting.run()
    expect(all.every(({ bytes }) => bytes === LENGTH_BYTES)).toBe(true)
    expect(setting.queue.happened).toBeLessThan(10 * all.length)
    const lastMs = Math.max(...all.map(({ endedMs }) => endedMs))
    expect(lastMs).toBeCloseTo(2 * RTT_MS + (10_000 * LENGTH_BYTES) / 100_000, 1)
  })
})
