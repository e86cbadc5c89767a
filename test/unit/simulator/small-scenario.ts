import type { Scenario } from '../../../simulator/scenario.ts'

/** Four alike on a local network, done in about a second of virtual time: for what is around a run. */
export const SMALL: Scenario = {
  name: 'small',
  seed: 5,
  peers: 4,
  sizeBytes: 1_000_000,
  origin: { upBytesPerSec: 1_250_000 },
  links: [{ name: 'lan', share: 1, upBytesPerSec: 12_500_000, downBytesPerSec: 12_500_000 }],
  latency: { rttMs: [2, 2] },
  arrivals: { kind: 'atOnce' },
  departure: { kind: 'stay' },
}
