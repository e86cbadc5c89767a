/**
 * What a visitor proves with that a peer id is its own: the swarm size it was told when it got the token, and a
 * signature over both. The server keeps nothing of those who have no socket; their tokens remember for it.
 */

import type { PeerId } from '../src/core/types.ts'

export interface Signature {
  /** A text that only this server can make of the text: up to 48 characters of printable ASCII. */
  readonly sign: (text: string) => string
  /** Whether two are the same; takes as long where they differ early as where they differ late. */
  readonly isSame: (left: string, right: string) => boolean
}

export interface Tokens {
  issue(id: PeerId, swarmSize: number): string
  /** The swarm size that the token was issued with; null where it is none of this id. */
  read(id: PeerId, token: string): number | null
}

const TOKEN_PATTERN = /^([0-9a-z]{1,8})\./

export function signedTokens({ sign, isSame }: Signature): Tokens {
  const issue = (id: PeerId, swarmSize: number): string => {
    const size = swarmSize.toString(36)
    return `${size}.${sign(`${id} ${size}`)}`
  }
  return {
    issue,
    read: (id, token) => {
      const size = TOKEN_PATTERN.exec(token)?.[1]
      if (size === undefined) return null
      const swarmSize = Number.parseInt(size, 36)
      return isSame(token, issue(id, swarmSize)) ? swarmSize : null
    },
  }
}
