/** Asks whoever sits at the terminal. */
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

export interface Questions {
  /** One line; `fallback` when it is empty. Throws Unanswered when there is nobody any more. */
  readonly ask: (question: string, fallback: string) => Promise<string>
  /** The same without a fallback, of which nothing is shown. */
  readonly secret: (question: string) => Promise<string>
  /** Gives the terminal back. */
  readonly close: () => void
}

/** The input ended, or was interrupted. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered'
}

/** For a terminal: what is typed is shown by us, so a password need not be. */
export function createQuestions(input: NodeJS.ReadableStream, output: Writable): Questions {
  let isSecret = false
  const shown = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!isSecret) output.write(chunk)
      done()
    },
  })
  const lines = createInterface({ input, output: shown, terminal: true, historySize: 0 })
  /** typed before it was asked for */
  const early: string[] = []
  let waiting: PromiseWithResolvers<string> | undefined
  let isGone = false
  lines.on('line', (line) => {
    if (waiting === undefined) early.push(line)
    else waiting.resolve(line)
    waiting = undefined
  })
  lines.on('SIGINT', () => lines.close())
  lines.once('close', () => {
    isGone = true
    waiting?.reject(new Unanswered('nothing is written'))
  })

  const answer = async (question: string): Promise<string> => {
    const line = early.shift()
    lines.setPrompt(question)
    if (line !== undefined) {
      output.write(`${question}\n`)
      return line.trim()
    }
    if (isGone) throw new Unanswered('nothing is written')
    waiting = Promise.withResolvers()
    lines.prompt()
    return (await waiting.promise).trim()
  }

  return {
    ask: async (question, fallback) =>
      (await answer(fallback === '' ? `${question}: ` : `${question} [${fallback}]: `)) || fallback,
    async secret(question) {
      output.write(`${question}: `)
      isSecret = true
      try {
        return await answer('')
      } finally {
        isSecret = false
        output.write('\n')
      }
    },
    close: () => lines.close(),
  }
}
