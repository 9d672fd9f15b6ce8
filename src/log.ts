/**
 * Log lines: one an event, on stderr, with a stable id that the manual explains. Never a secret or a hash.
 */
import { visible } from './visible.ts'

export type LogLevel = 'error' | 'warning' | 'info' | 'debug'

/** `id` is stable and in kebab case (`row-rejected`); `text` says what happened and what to do. */
export type Log = (level: LogLevel, id: string, text: string) => void

export interface Logger {
  readonly log: Log
  /** From now on lines up to this level, the least important one, are written. */
  readonly setLevel: (level: LogLevel) => void
  /** Writes what is held back. */
  readonly flush: () => void
}

export interface LoggerOptions {
  readonly level: LogLevel
  /** takes one whole line at a time */
  readonly write: (line: string) => void
  /** whether each line begins with its level as journald and logger(1) read it */
  readonly prefixed: boolean
}

const ORDER: readonly LogLevel[] = ['error', 'warning', 'info', 'debug']

/** sd-daemon(3), which has syslog's numbers */
const PREFIX: Readonly<Record<LogLevel, string>> = { error: '<3>', warning: '<4>', info: '<6>', debug: '<7>' }

/** A line that comes again and again is written so often, with how many there were. */
const REPEAT_MS = 60_000

/** Three processes share one stderr: what pipe(7) takes as a whole never mixes (PIPE_BUF). */
const LINE_BYTES = 4096

/** On a terminal people read; elsewhere the service manager or logger(1) does. */
export function wantsPrefix(): boolean {
  return !process.stderr.isTTY
}

export function createLogger(options: LoggerOptions): Logger {
  const { write, prefixed } = options
  let { level: least } = options
  let last: { readonly level: LogLevel; readonly id: string; readonly text: string } | undefined
  let repeats = 0
  let timer: NodeJS.Timeout | undefined

  const say = (level: LogLevel, id: string, text: string) => {
    const head = `${prefixed ? PREFIX[level] : ''}ypldap: ${level}: `
    write(`${head}${fitted(visible(text), LINE_BYTES - Buffer.byteLength(head) - id.length - 4)} [${id}]\n`)
  }

  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (last !== undefined && repeats > 0) {
      const times = repeats === 1 ? 'once more' : `${repeats} times more`
      say(last.level, last.id, `${times}: ${last.text}`)
    }
    repeats = 0
  }

  return {
    log(level, id, text) {
      if (ORDER.indexOf(level) > ORDER.indexOf(least)) return
      if (last?.id === id && last.text === text && last.level === level) {
        repeats += 1
        timer ??= setTimeout(flush, REPEAT_MS).unref()
        return
      }
      flush()
      last = { level, id, text }
      say(level, id, text)
    },
    setLevel(level) {
      least = level
    },
    flush,
  }
}

function fitted(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text
  return `${Buffer.from(text)
    .toString('utf8', 0, bytes - 8)
    .replace(/\ufffd*$/, '')} …`
}
