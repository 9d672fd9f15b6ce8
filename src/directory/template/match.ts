import { EvaluationError } from './error.ts'
import type { Step } from './expression.ts'
import { readRegex } from './regex.ts'
import type { Scanner } from './scanner.ts'

/** `match /re/` keeps the values in which the expression is found. */
export function readMatch(scanner: Scanner): Step {
  const { test } = readRegex(scanner)
  return (values) => values.filter((value) => test(value))
}

/** `must /re/` lets no entry pass that has another value, which is not told: it may be a hash. */
export function readMust(scanner: Scanner): Step {
  scanner.next()
  const start = scanner.at
  const { test } = readRegex(scanner)
  const pattern = scanner.text.slice(start, scanner.at)
  return (values) => {
    for (const value of values) {
      if (!test(value)) throw new EvaluationError(`a value does not match ${pattern}`)
    }
    return values
  }
}
