/**
 * Long lists of values that come in parts: Active Directory gives 1,500 members of a group at a time, as
 * `member;range=0-1499`, and the others to who asks for `member;range=1500-*` (MS-ADTS s.3.1.1.3.1.3.3).
 */
import type { Octets } from '../maps/rows.ts'
import { type Entry, emptied } from './entry.ts'
import { DirectoryError } from './error.ts'
import type { Limits } from './limits.ts'
import { readable } from './octets.ts'
import { readEntry } from './read-entry.ts'
import type { Session } from './session.ts'

interface Part {
  /** in lower case, without the range */
  readonly attribute: string
  readonly first: number
  /** of this part; undefined when it is the end of the list */
  readonly last: number | undefined
}

const RANGE = /^(.+);range=(\d{1,9})-(\d{1,9}|\*)$/

function partOf(name: string): Part | undefined {
  const match = RANGE.exec(name)
  if (match === null) return undefined
  const last = match[3] === '*' ? undefined : Number(match[3])
  return { attribute: match[1]!, first: Number(match[2]), last }
}

/** Whether a part of an entry is still to be fetched. */
export function isPartial({ attributes }: Entry): boolean {
  for (const name of attributes.keys())
    if (name.includes(';range=') && partOf(name) !== undefined) return true
  return false
}

/**
 * The entry with all values of the attributes of which the server gave a part. Asks the server for the others, so no
 * search may be under way in the session. One with more than `limits.values` values is emptied.
 * @throws DirectoryError: a list that can't be had whole is of no use
 */
export async function completeEntry(session: Session, entry: Entry, limits: Limits): Promise<Entry> {
  const { dn } = entry
  const attributes = new Map<string, readonly Octets[]>()
  const parts: [Part, readonly Octets[]][] = []
  let room = limits.values
  for (const [name, values] of entry.attributes) {
    const part = partOf(name)
    if (part === undefined) {
      attributes.set(name, values)
      room -= values.length
    } else {
      parts.push([part, values])
    }
  }
  for (const [part, values] of parts) {
    const all = await allOf(session, dn, part, values, room, limits)
    if (all === undefined) return emptied(dn)
    attributes.set(part.attribute, all)
    room -= all.length
  }
  return { dn, attributes }
}

/** undefined when they are more than `room`. */
async function allOf(
  session: Session,
  dn: Octets,
  { attribute, ...begin }: Part,
  values: readonly Octets[],
  room: number,
  limits: Limits,
): Promise<Octets[] | undefined> {
  const all: Octets[] = []
  const fail = (code: 'protocol' | 'too-much', text: string) =>
    new DirectoryError(code, `the values of ${attribute} of "${readable(dn)}" can't be had whole: ${text}`)
  const add = ({ first, last }: Omit<Part, 'attribute'>, more: readonly Octets[]) => {
    const given = `the server gave ${more.length} values as ${first}-${last ?? '*'}`
    if (first !== all.length) throw fail('protocol', `${given} where ${all.length} came before`)
    if (last !== undefined && (more.length === 0 || more.length !== last - first + 1))
      throw fail('protocol', given)
    for (const value of more) all.push(value)
  }
  add(begin, values)
  let { last } = begin
  for (let asked = 1; last !== undefined; asked++) {
    if (all.length > room) return undefined
    if (asked > limits.ranges) throw fail('too-much', `they come in more than ${limits.ranges} parts`)
    const { attributes, tooMany } = await readEntry(session, dn, [`${attribute};range=${all.length}-*`])
    if (tooMany) return undefined
    const [name, more] = [...attributes].find(([given]) => partOf(given)?.attribute === attribute) ?? []
    const part = name === undefined ? undefined : partOf(name)
    if (part === undefined || more === undefined) {
      throw fail('protocol', `after ${all.length} of them the server gave no more, and promised some`)
    }
    add(part, more)
    last = part.last
  }
  return all.length > room ? undefined : all
}
