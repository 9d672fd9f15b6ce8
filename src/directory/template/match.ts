import { readable } from '../octets.ts'
import { EvaluationError } from './error.ts'
import type { Step } from './expression.ts'
import { readRegex } from './regex.ts'
import type { Scanner } from './scanner.ts'

/** `match /re/` keeps the values in which the expression is found. */
export function readMatch(scanner: Scanner): Step {
  const { test } = readRegex(scanner)
  return (values) => values.filter((value) => test(value))
}

/** `must /re/` lets no entry pass that has another value: what it would make of it is no record. */
export function readMust(scanner: Scanner): Step {
  scanner.next()
  const start = scanner.at
  const { test } = readRegex(scanner)
  const pattern = scanner.text.slice(start, scanner.at)
  return (values) => {
    for (const value of values) {
      if (!test(value)) throw new EvaluationError(`the value "${clipped(value)}" does not match ${pattern}`)
    }
    return values
  }
}

const SHOWN = 64

function clipped(value: string): string {
  return readable(value.length > SHOWN ? `${value.slice(0, SHOWN)}...` : value)
}
