/**
 * Log lines: one an event, on stderr, with a stable id that the manual explains. Never a secret or a hash.
 */

export type LogLevel = 'error' | 'warning' | 'info' | 'debug'

/** `id` is stable and in kebab case (`row-rejected`); `text` says what happened and what to do. */
export type Log = (level: LogLevel, id: string, text: string) => void

const ORDER: readonly LogLevel[] = ['error', 'warning', 'info', 'debug']

/** Bytes below space, DEL and C1 controls would let a directory entry forge a line or drive a terminal. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g

function visible(text: string): string {
  return text.replace(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

/** Writes every event up to `least` (the least important level still shown) as a line to `write`. */
export function createLog(least: LogLevel, write: (line: string) => void): Log {
  const shown = new Set(ORDER.slice(0, ORDER.indexOf(least) + 1))
  return (level, id, text) => {
    if (shown.has(level)) write(`ypldap: ${level}: ${visible(text)} [${id}]\n`)
  }
}
