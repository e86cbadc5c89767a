/**
 * The one error class a caller meets. Faults of peers never surface here: they are survived or end in `origin-*`.
 */

/** What went wrong, for programs. */
export type SwarmErrorCode =
  /** The URL cannot be parsed, or is neither http nor https. */
  | 'invalid-url'
  /** An option has the wrong type, an impossible value or an unknown name. */
  | 'invalid-option'
  /** The origin has no such file (404, 410). */
  | 'origin-not-found'
  /** The origin refuses this visitor (401, 403, 451). */
  | 'origin-forbidden'
  /** The origin answers, but does not let this page read it (no CORS headers). */
  | 'origin-cors'
  /** No connection to the origin could be made, or it broke again and again. */
  | 'origin-unreachable'
  /** The origin answered with another error status, or kept answering 429 or 503. */
  | 'origin-status'
  /** The origin's answer contradicts itself or what it said before (wrong range, encoding, length). */
  | 'origin-inconsistent'
  /** The bytes are not the ones that `integrity` promises, even fresh from the origin. */
  | 'integrity-mismatch'
  /** `integrity` has a form that this version cannot check. */
  | 'integrity-unsupported'
  /** The caller's `signal` was aborted, or `cancel()` was called. */
  | 'aborted'
  /** A defect of this library. Please report it. */
  | 'internal'

export interface SwarmErrorOptions {
  /** The error underneath, where there is one. */
  readonly cause?: unknown
}

/**
 * Thrown (or rejected with) when a download cannot be completed. `message` is a sentence that says what to do.
 * Not thrown for anything that the download survives: a lost peer, a dead topology server, a full disk.
 */
export class SwarmError extends Error {
  override readonly name = 'SwarmError'
  readonly code: SwarmErrorCode

  constructor(code: SwarmErrorCode, message: string, options: SwarmErrorOptions = {}) {
    super(message, options)
    this.code = code
  }
}
