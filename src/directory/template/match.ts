import type { Step } from './expression.ts'
import { readRegex } from './regex.ts'
import type { Scanner } from './scanner.ts'

/** `match /re/` keeps the values in which the expression is found. */
export function readMatch(scanner: Scanner): Step {
  const { test } = readRegex(scanner)
  return (values) => values.filter((value) => test(value))
}
