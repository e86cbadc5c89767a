/**
 * Deterministic file contents for demo, tests and bench: the same size and seed give the same bytes everywhere, in
 * Node and in a page, so that nobody has to pass the file around to check a copy of it.
 */

/**
 * `sizeBytes` pseudo-random bytes (xorshift32; incompressible, about 1 GB/s). No two seeds share a sequence that a
 * test would meet.
 */
export function makeSampleFile(sizeBytes: number, seed: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(sizeBytes / 4))
  let state = scramble(seed)
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[index] = state
  }
  return new Uint8Array(words.buffer, 0, sizeBytes)
}

/** Spreads neighbouring seeds over the generator's period (murmur3's finaliser); xorshift must not start at 0. */
function scramble(seed: number): number {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) | 0 || 1
}
