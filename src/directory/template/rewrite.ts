import type { Octets } from '../../maps/rows.ts'
import { boundBytes, bytesOf } from './bounds.ts'
import type { Step } from './expression.ts'
import { LIST } from './limits.ts'
import { readConstant } from './literal.ts'
import { type Regex, readRegex } from './regex.ts'
import type { Scanner } from './scanner.ts'

/** `extract /re/ 'text'` makes the text of each value in which the expression is found, and drops the others. */
export function readExtract(scanner: Scanner): Step {
  const regex = readRegex(scanner)
  const text = readReplacement(scanner, regex)
  return bounded((value) => {
    const groups = regex.find(value)
    return groups && text(groups)
  })
}

/** `replace /re/ 'text'` puts the text in place of all that matches. */
export function readReplace(scanner: Scanner): Step {
  const regex = readRegex(scanner)
  const text = readReplacement(scanner, regex)
  return bounded((value) => regex.replace(value, text))
}

function bounded(rewrite: (value: Octets) => Octets | undefined): Step {
  return (values) => {
    const texts: Octets[] = []
    let bytes = 0
    for (const value of values) {
      const text = rewrite(value)
      if (text === undefined) continue
      bytes += text.length
      boundBytes(bytes, LIST)
      texts.push(text)
    }
    return texts
  }
}

/** Throws EvaluationError for a text beyond all bounds. */
type Rewrite = (found: readonly Octets[]) => Octets

/** A text in which `\1` to `\9` are groups, `\0` is all that matched and `\\` a backslash. */
function readReplacement(scanner: Scanner, { groups }: Regex): Rewrite {
  scanner.next()
  const start = scanner.at
  const parts = readConstant(scanner, 'what to write instead').split(/\\(.?)/s)
  for (const [index, reference] of parts.entries()) {
    if (index % 2 === 0 || reference === '\\') continue
    if (!/^[0-9]$/.test(reference)) {
      scanner.fail('a backslash stands before the number of a group, or before another, in this text', start)
    }
    if (Number(reference) > groups) {
      scanner.fail(`this text wants group ${reference}, but the expression has ${groups}`, start)
    }
  }
  return (found) => {
    const texts = parts.map((part, index) => (index % 2 === 0 || part === '\\' ? part : found[Number(part)]!))
    boundBytes(bytesOf(texts), LIST)
    return texts.join('')
  }
}
