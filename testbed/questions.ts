/**
 * Questions to a process of ours and its answers, over the channel that Node keeps between parent and child.
 */

import type { ChildProcess } from 'node:child_process'

/** What a process answers: a function a question. Arguments and results are what JSON can carry. */
export type Answers = Readonly<Record<string, (...args: never[]) => unknown>>

/** Rejects with what the other process threw, or where it ended instead of answering. */
export type Ask<A extends Answers> = <Q extends keyof A & string>(
  question: Q,
  ...args: Parameters<A[Q]>
) => Promise<Awaited<ReturnType<A[Q]>>>

interface Asked {
  readonly number: number
  readonly question: string
  readonly args: readonly unknown[]
}

interface Answered {
  readonly number: number
  readonly answer?: unknown
  readonly error?: string
}

interface Open {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
}

/** In the child: answers from now on. */
export function answerQuestions(answers: Answers): void {
  process.on('message', (asked: Asked) => {
    void answer(answers, asked).then((answered) => process.send?.(answered))
  })
}

/** In the parent. */
export function questionsTo<A extends Answers>(child: ChildProcess): Ask<A> {
  const open = new Map<number, Open>()
  let asked = 0
  child.on('message', ({ number, answer, error }: Answered) => {
    const question = open.get(number)
    open.delete(number)
    if (error === undefined) question?.resolve(answer)
    else question?.reject(new Error(error))
  })
  child.on('exit', () => {
    for (const { reject } of open.values()) reject(new Error('A process ended instead of answering.'))
    open.clear()
  })
  return (question, ...args) => {
    const number = asked++
    return new Promise<unknown>((resolve, reject) => {
      open.set(number, { resolve, reject })
      child.send({ number, question, args } satisfies Asked, (error) => {
        if (error !== null) reject(error)
      })
    }) as never
  }
}

async function answer(answers: Answers, { number, question, args }: Asked): Promise<Answered> {
  try {
    const asked = answers[question] as ((...args: readonly unknown[]) => unknown) | undefined
    if (asked === undefined) throw new Error(`Nobody here answers “${question}”.`)
    return { number, answer: await asked(...args) }
  } catch (error) {
    return { number, error: error instanceof Error ? error.message : String(error) }
  }
}
