/** How far a refresh is: a line that is drawn again and again on a terminal, a line now and then elsewhere. */
import { visible } from '../visible.ts'
import type { Progress } from './operations.ts'
import { span } from './units.ts'

const BAR_WIDTH = 30

/** Milliseconds between two lines where they stay. */
const INTERVAL_MS = 1000

export interface ProgressView {
  readonly show: (progress: Progress) => void
  /** Leaves the terminal as it was. */
  readonly end: () => void
}

export interface ProgressOptions {
  readonly terminal: boolean
  readonly columns: number
  readonly write: (text: string) => void
  /** entries of a directory when it was last read; 0 when that is not known */
  readonly expected: (directory: string) => number
}

export function createProgressView({ terminal, columns, write, expected }: ProgressOptions): ProgressView {
  let next = 0
  let drawn = false
  return {
    show({ directory, entries, milliseconds }) {
      const line = `${visible(directory)}: ${entries} entries, ${span(milliseconds)}`
      if (terminal) {
        write(`\r\u001b[K${`${bar(entries, expected(directory))}${line}`.slice(0, columns - 1)}`)
        drawn = true
      } else if (milliseconds >= next) {
        next = milliseconds + INTERVAL_MS
        write(`${line}\n`)
      }
    },
    end() {
      if (drawn) write('\r\u001b[K')
    },
  }
}

/** Against what the directory held the last time; there may be more. */
function bar(entries: number, total: number): string {
  if (total === 0) return ''
  const full = Math.min(BAR_WIDTH, Math.floor((entries / total) * BAR_WIDTH))
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_WIDTH - full)}] `
}
