/** What the page's end of every thread has in common. */

/**
 * Files this long have threads of their own, in bytes: a thread takes some 50 ms of a processor and a few MB, as much as to hash
 * 10 MB in the page (guess: a visitor who is alone, or on a fast line, gains; forty on one machine do not lose).
 */
export const LONG_FILE_BYTES: number = 64 * 1024 * 1024

/** Passes on what the thread says, and that it does not load, breaks, or cannot be understood. */
export function listenTo(worker: Worker, hear: (said: unknown) => void, fail: () => void): void {
  worker.addEventListener('message', ({ data }: MessageEvent<unknown>) => hear(data))
  for (const failure of ['error', 'messageerror'])
    worker.addEventListener(failure, (event) => {
      // It is no error of the page: it goes on without.
      event.preventDefault()
      fail()
    })
}
