/**
 * An abort signal of one's own that also follows a caller's, without leaving listeners behind on the caller's, which
 * may outlive thousands of requests. (`AbortSignal.any` does the same; Safari has it only from 17.4.)
 */
export class LinkedAbort {
  readonly #controller = new AbortController()
  readonly #outer: AbortSignal
  readonly #follow = (): void => this.#controller.abort(this.#outer.reason)

  constructor(outer: AbortSignal) {
    this.#outer = outer
    if (outer.aborted) this.#follow()
    else outer.addEventListener('abort', this.#follow, { once: true })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The caller's signal. */
  get outer(): AbortSignal {
    return this.#outer
  }

  abort(): void {
    this.#controller.abort()
    this.release()
  }

  /** Stops following the caller's signal. */
  release(): void {
    this.#outer.removeEventListener('abort', this.#follow)
  }
}
