import type { Octets } from '../../maps/rows.ts'
import type { Step } from './expression.ts'
import { readConstant } from './literal.ts'
import { compileRegex } from './regex.ts'
import type { Scanner } from './scanner.ts'

/** `glob 'a*'` keeps the values that match as a whole: `*` any text, `?` any byte, `[a-z]` and `[!a-z]` one of them. */
export function readGlob(scanner: Scanner): Step {
  scanner.next()
  const start = scanner.at
  const glob = readConstant(scanner, 'a pattern')
  const { test } = compileRegex(scanner, start, toRegex(glob), false)
  return (values) => values.filter((value) => test(value))
}

const PART = /\[([!^]?)(\]?[^\]]*)\]|[^]/g

function toRegex(glob: Octets): string {
  const parts = glob.replace(PART, (part, not: string | undefined, set: string | undefined) => {
    if (part === '*') return '.*'
    if (part === '?') return '.'
    if (set === undefined || set === '') return quoted(part)
    return `[${not === '' ? '' : '^'}${set.replace(/(?!(?<=[^])-(?=[^]))[^]/g, quoted)}]`
  })
  return `^(?:${parts})$`
}

function quoted(text: string): string {
  return text.replace(/[^A-Za-z0-9]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
