/**
 * The file in which ypserv and illumos name who may ask: on each line `MASK NET`, `host ADDRESS` or `NET/BITS`. Where
 * they skip a line that makes no sense, or take it for something else, it is an error here.
 */
import { formatAddress, parseAddress } from '../address.ts'
import { BadValue } from './bad-value.ts'
import { MAX_PROBLEMS, MAX_RULES } from './limits.ts'
import { firstBits, type Prefix, parsePrefix, unmapped } from './prefix.ts'

/** Lines and columns count from 1. */
export interface Fault {
  readonly line: number
  readonly column: number
  readonly message: string
}

export interface Securenets {
  /** in the order of the file; IPv4 mapped into IPv6 is given as IPv4 */
  readonly nets: readonly Prefix[]
  /** without any the nets are all that the file says */
  readonly faults: readonly Fault[]
}

interface Word {
  readonly text: string
  readonly column: number
}

type Misread = Omit<Fault, 'line'>

/** What the text of such a file says. */
export function parseSecurenets(text: string): Securenets {
  const nets: Prefix[] = []
  const faults: Fault[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const words = wordsOf(line)
    const [first] = words
    if (first === undefined) continue
    const full = nets.length === MAX_RULES
    const net = full ? misread(first, `too many nets, expected at most ${MAX_RULES}`) : netOf(words)
    if ('prefix' in net) nets.push(net)
    else faults.push({ line: index + 1, ...net })
    if (full || faults.length === MAX_PROBLEMS) break
  }
  return { nets, faults }
}

/** More words no form has: one is enough to see that there are too many. */
const MOST_WORDS = 3

/** What stands between blanks, up to a `#` where a word would begin. */
function wordsOf(line: string): readonly Word[] {
  const words: Word[] = []
  for (const { 0: text, index } of line.matchAll(/[^ \t\v\f\r]+/g)) {
    if (text.startsWith('#') || words.length === MOST_WORDS) break
    words.push({ text, column: Array.from(line.slice(0, index)).length + 1 })
  }
  return words
}

const FORMS = "expected 'MASK NET', 'host ADDRESS' or 'NET/BITS'"

/** Nothing of the file but addresses gets into a message: it may be another file than was meant. */
function netOf([first, second, third]: readonly Word[]): Prefix | Misread {
  if (first === undefined) return { column: 1, message: FORMS }
  if (third !== undefined) return misread(third, 'more than two words, expected the end of the line')
  if (second === undefined) return slashed(first)
  return first.text === 'host' ? host(second) : underMask(first, second)
}

function slashed(word: Word): Prefix | Misread {
  const { text } = word
  const address = parseAddress(text)
  if (address !== undefined)
    return misread(word, `one address alone, expected: host ${formatAddress(address)}`)
  try {
    return parsePrefix(text) ?? misread(word, `not a net, ${FORMS}`)
  } catch (error) {
    if (error instanceof BadValue) return misread(word, error.message)
    throw error
  }
}

function host(word: Word): Prefix | Misread {
  const prefix = parseAddress(word.text)
  if (prefix === undefined)
    return misread(word, `not an address, expected one such as 192.0.2.1, and no name`)
  return unmapped({ prefix, bits: prefix.length * 8 })
}

function underMask(first: Word, second: Word): Prefix | Misread {
  const mask = parseAddress(first.text)
  const net = parseAddress(second.text)
  if (mask === undefined) return misread(first, 'not a mask, expected one such as 255.255.255.0, or host')
  if (net === undefined)
    return misread(second, 'not a net, expected an address such as 192.0.2.0, and no name')
  if (mask.length !== net.length) {
    return misread(second, 'mask of one family and net of the other, expected both of IPv4 or both of IPv6')
  }
  const bits = bitsOf(mask)
  if (bits === undefined) {
    const swapped = bitsOf(net) !== undefined
    const line = `${formatAddress(net)} ${formatAddress(mask)}`
    const expected = swapped ? `the mask first: ${line}` : 'ones before zeros, as in 255.255.255.0'
    return misread(first, `mask with a zero before a one, expected ${expected}`)
  }
  const prefix = firstBits(net, bits)
  if (prefix.every((byte, index) => byte === net[index])) return unmapped({ prefix, bits })
  const line = `${formatAddress(mask)} ${formatAddress(prefix)}`
  return misread(second, `net has bits set that its mask has not, expected: ${line}`)
}

/** How many ones a mask begins with; undefined when another comes behind a zero. */
function bitsOf(mask: Uint8Array): number | undefined {
  const digits = Array.from(mask, (byte) => byte.toString(2).padStart(8, '0')).join('')
  return /^1*0*$/.test(digits) ? digits.lastIndexOf('1') + 1 : undefined
}

function misread({ column }: Word, message: string): Misread {
  return { column, message }
}
