/**
 * What a failed session means to the caller: a code, and a sentence that says what to do.
 */

import type { SessionFailure, SessionOutput } from './core/session-io.ts'
import { SwarmError, type SwarmErrorCode } from './errors.ts'
import { OriginError } from './ports.ts'

/** The error for a session that gave up. */
export function errorFor(
  { failure, status }: Extract<SessionOutput, { type: 'failed' }>,
  url: URL,
): SwarmError {
  const { code, sentence } = sentenceFor(failure, status, url)
  return new SwarmError(code, sentence)
}

/** Whatever was thrown, as a `SwarmError`. */
export function toSwarmError(error: unknown): SwarmError {
  if (error instanceof SwarmError) return error
  if (error instanceof OriginError)
    return new SwarmError('origin-unreachable', error.message, { cause: error })
  return new SwarmError('internal', 'Something went wrong inside swarmfetch. Please report it.', {
    cause: error,
  })
}

function sentenceFor(
  failure: SessionFailure,
  status: number | null,
  url: URL,
): { code: SwarmErrorCode; sentence: string } {
  const answered = status === null ? 'answered with an error' : `answered ${status}`
  switch (failure) {
    case 'not-found':
      return {
        code: 'origin-not-found',
        sentence: `${url.host} has no such file (${answered}). Check the URL.`,
      }
    case 'forbidden':
      return {
        code: 'origin-forbidden',
        sentence: `${url.host} does not let you have this file (${answered}).`,
      }
    case 'cors':
      return {
        code: 'origin-cors',
        sentence: `${url.host} does not let this page read the file. It must send “Access-Control-Allow-Origin”.`,
      }
    case 'unreachable':
      return {
        code: 'origin-unreachable',
        sentence: `${url.host} cannot be reached. Check the connection and try again.`,
      }
    case 'busy':
      return { code: 'origin-status', sentence: `${url.host} is too busy (${answered}). Try again later.` }
    case 'status':
      return { code: 'origin-status', sentence: `${url.host} ${answered}. Try again later.` }
    case 'range-unsatisfiable':
    case 'inconsistent':
      return {
        code: 'origin-inconsistent',
        sentence: `${url.host} contradicts itself about this file; it may just have been replaced. Start again.`,
      }
    case 'integrity-mismatch':
      return {
        code: 'integrity-mismatch',
        sentence: `The file at ${url.host} is not the one that “integrity” describes. Do not use it.`,
      }
  }
}
