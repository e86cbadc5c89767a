import type { SwarmError } from './errors.ts'

/** A promise with its handles; nobody has to await it. */
export interface Gate {
  readonly passed: Promise<void>
  open(): void
  close(error: SwarmError): void
}

export function newGate(): Gate {
  const handles: { open?: () => void; close?: (error: SwarmError) => void } = {}
  const passed = new Promise<void>((resolve, reject) => {
    handles.open = resolve
    handles.close = reject
  })
  // The failure is told by event and state, too: an unawaited promise must not become an unhandled rejection.
  passed.catch(() => {})
  return { passed, open: () => handles.open?.(), close: (error) => handles.close?.(error) }
}
