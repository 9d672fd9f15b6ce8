import type { Octets } from '../../maps/rows.ts'
import { cryptHash } from '../crypt-hash.ts'
import { etherAddresses, ipv4Addresses, ipv6Addresses } from './addresses.ts'
import { lowerCase, upperCase } from './case.ts'
import { NONE, type Step } from './expression.ts'
import { readGlob } from './glob.ts'
import { joinAll, joinUpTo } from './join.ts'
import { OUTPUT } from './limits.ts'
import { readConstant } from './literal.ts'
import { readMatch, readMust } from './match.ts'
import { readExtract, readReplace } from './rewrite.ts'
import type { Scanner } from './scanner.ts'

const PLAIN: Readonly<Record<string, Step>> = {
  first: (values) => (values.length < 2 ? values : [values[0]!]),
  rest: (values) => values.slice(1),
  only: (values) => (values.length === 1 ? values : NONE),
  sort: (values) => (values.length < 2 ? values : values.toSorted()),
  unique: (values) => (values.length < 2 ? values : [...new Set(values)]),
  lower: (values) => values.map(lowerCase),
  upper: (values) => values.map(upperCase),
  crypt: (values) => [cryptHash(values)],
  ipv4: ipv4Addresses,
  ipv6: ipv6Addresses,
  mac: etherAddresses,
  number: (values) => values.filter(isNumber).map(shortest),
  numbers: (values) => values.map((_, index) => String(index + 1)),
}

const DIGITS = /^[0-9]+$/

function isNumber(value: Octets): boolean {
  return DIGITS.test(value)
}

function shortest(digits: Octets): Octets {
  return digits.replace(/^0+(?=.)/, '')
}

const READERS: Readonly<Record<string, (scanner: Scanner) => Step>> = {
  glob: readGlob,
  match: readMatch,
  must: readMust,
  extract: readExtract,
  replace: readReplace,
}

/** In their order. */
export const STEP_NAMES: readonly string[] = [...Object.keys(PLAIN), ...Object.keys(READERS), 'join'].sort()

export interface StepRead {
  readonly step: Step
  /** of a `join` that makes one text */
  readonly separator?: Octets
}

/** What stands behind a `|`. */
export function readStep(scanner: Scanner): StepRead {
  scanner.next()
  const start = scanner.at
  const name = scanner.anyWord()
  if (name === undefined) scanner.expected('a step, such as first or join')
  if (name === 'join') return readJoin(scanner)
  if (Object.hasOwn(PLAIN, name)) return { step: PLAIN[name]! }
  if (Object.hasOwn(READERS, name)) return { step: READERS[name]!(scanner) }
  if (name === 'where' || name === 'get') {
    scanner.fail(`${name} takes entries: it stands behind follow, referrers or parent`, start)
  }
  return scanner.fail(`there is no step "${name}"; there are ${STEP_NAMES.join(', ')}`, start)
}

const NUMBER = /[0-9]+/y

function readJoin(scanner: Scanner): StepRead {
  const separator = readConstant(scanner, 'a separator')
  if (!scanner.takeWord('up')) return { step: (values) => joinAll(values, separator), separator }
  if (!scanner.takeWord('to')) scanner.expected('"to" and a number of bytes')
  scanner.next()
  const start = scanner.at
  const limit = Number(scanner.take(NUMBER) ?? scanner.expected('a number of bytes'))
  if (limit < 1 || limit > OUTPUT.bytes) scanner.fail(`not between 1 and ${OUTPUT.bytes}`, start)
  return { step: (values) => joinUpTo(values, separator, limit) }
}
