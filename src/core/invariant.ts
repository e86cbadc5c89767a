/** A broken invariant: a defect of this code, never a fault of what came from outside. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/** Throws unless `condition` holds. For our own mistakes only; remote bytes yield typed results. */
export function invariant(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new InvariantError(sentence)
}
