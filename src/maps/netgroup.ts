/**
 * netgroup.byuser and netgroup.byhost: for each user or host that a netgroup names, all netgroups it is in. The same
 * records as revnetgroup of ypserv makes of /etc/netgroup.
 */
import { YPMAXRECORD } from '../../rpc/yp.ts'
import { quoted } from './admit.ts'
import type { Octets } from './rows.ts'

export interface Netgroup {
  readonly name: Octets
  /** triples, `(host,user,domain)`, and names of other netgroups, of which this one holds all that they hold */
  readonly members: readonly Octets[]
}

export interface NetgroupFault {
  readonly netgroup: Octets
  readonly reason: string
}

export interface ReverseRecord {
  /** `user.domain` or `host.domain`; `*` stands for a field that is empty */
  readonly key: Octets
  /** each once, the last of the netgroups first: the value is these with commas between them */
  readonly netgroups: readonly Octets[]
}

export interface ReverseNetgroups {
  /** one a key, in no promised order */
  readonly records: readonly ReverseRecord[]
  /** what was left out: malformed triples, netgroups that are unknown or can't be in a value */
  readonly faults: readonly NetgroupFault[]
}

/** A member, or what is left of a line whose last triple is not closed. Other blanks than these end no word. */
const WORD = /\([^)]*\)?|[^\t-\r (][^\t-\r ]*/g

/** The members of a netgroup from its line, without its name, and why others were left out. */
export function parseNetgroup(line: Octets): { members: readonly Octets[]; faults: readonly string[] } {
  const members: Octets[] = []
  const faults: string[] = []
  for (const word of line.match(WORD) ?? []) {
    if (isTriple(word) && readTriple(word) === undefined) faults.push(malformed(word))
    else members.push(word)
  }
  return { members, faults }
}

function isTriple(word: Octets): boolean {
  return word.startsWith('(')
}

type Triple = readonly [host: Octets, user: Octets, domain: Octets]

function readTriple(word: Octets): Triple | undefined {
  const end = word.length - 1
  if (!isTriple(word) || word.indexOf(')') !== end) return undefined
  const first = word.indexOf(',')
  const second = word.indexOf(',', first + 1)
  if (first === -1 || second === -1 || word.includes(',', second + 1)) return undefined
  return [trim(word, 1, first), trim(word, first + 1, second), trim(word, second + 1, end)]
}

/** glibc drops blanks beside a field; revnetgroup makes them a part of the key, for which then nobody asks. */
function trim(word: Octets, from: number, to: number): Octets {
  let [start, end] = [from, to]
  while (start < end && isBlank(word, start)) start += 1
  while (start < end && isBlank(word, end - 1)) end -= 1
  return word.slice(start, end)
}

/** In ASCII; String.trim would take bytes of UTF-8 for blanks. */
function isBlank(octets: Octets, at: number): boolean {
  const code = octets.charCodeAt(at)
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}

function malformed(word: Octets): string {
  return `${quoted(word)} is not of the form (host,user,domain)`
}

/** Members looked at, each for every netgroup that holds it: what passes this is of no use to any client. */
const MOST_STEPS = 20_000_000

/**
 * Turns netgroups round. One that is in itself holds what it holds; of two of one name the last counts. A `-` for a
 * user or host means that there is none, and makes no record.
 */
export function reverseNetgroups(netgroups: readonly Netgroup[], by: 'user' | 'host'): ReverseNetgroups {
  const { nodes, keys, faults } = link(netgroups, by)
  const holders: Octets[][] = keys.map(() => [])
  const counted = new Int32Array(keys.length).fill(-1)
  const visited = new Int32Array(nodes.length).fill(-1)
  let steps = 0
  for (const [root, { name }] of nodes.entries()) {
    if (name.includes(',')) {
      faults.push({ netgroup: name, reason: 'its name has a comma, which divides names in a reverse map' })
      continue
    }
    if (steps > MOST_STEPS) {
      faults.push({ netgroup: name, reason: `netgroups are nested to more than ${MOST_STEPS} members` })
      continue
    }
    const waiting = [root]
    visited[root] = root
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      const node = nodes[at]!
      for (const key of node.keys) {
        if (counted[key] !== root) holders[key]!.push(name)
        counted[key] = root
      }
      for (const next of node.nested) {
        if (visited[next] !== root) waiting.push(next)
        visited[next] = root
      }
      steps += node.keys.length + node.nested.length
    }
  }
  const records = keys
    .map((key, at) => ({ key, netgroups: holders[at]! }))
    .filter((r) => r.netgroups.length > 0)
  return { records, faults }
}

interface Node {
  readonly name: Octets
  /** places in `keys` */
  readonly keys: readonly number[]
  /** places in `nodes` */
  readonly nested: readonly number[]
}

interface Links {
  /** the last netgroup first, which is the order of revnetgroup */
  readonly nodes: readonly Node[]
  readonly keys: readonly Octets[]
  readonly faults: NetgroupFault[]
}

function link(netgroups: readonly Netgroup[], by: 'user' | 'host'): Links {
  const unique = new Map<Octets, Netgroup>()
  for (const netgroup of netgroups.toReversed()) {
    if (!unique.has(netgroup.name)) unique.set(netgroup.name, netgroup)
  }
  const places = new Map([...unique.keys()].map((name, at) => [name, at]))
  const keyPlaces = new Map<Octets, number>()
  const faults: NetgroupFault[] = []
  const nodes = Array.from(unique.values(), ({ name, members }): Node => {
    const keys: number[] = []
    const nested: number[] = []
    for (const member of members) {
      const triple = readTriple(member)
      const place = triple === undefined ? places.get(member) : undefined
      if (triple !== undefined) {
        const key = keyOf(triple, by)
        if (key === undefined) continue
        if (key.length <= YPMAXRECORD) keys.push(placeOf(keyPlaces, key))
        else faults.push({ netgroup: name, reason: `${quoted(key)} would be a key of ${key.length} bytes` })
      } else if (place !== undefined) {
        nested.push(place)
      } else {
        const reason = isTriple(member)
          ? malformed(member)
          : `it holds ${quoted(member)}, which is no netgroup`
        faults.push({ netgroup: name, reason })
      }
    }
    return { name, keys, nested }
  })
  return { nodes, keys: [...keyPlaces.keys()], faults }
}

function keyOf([host, user, domain]: Triple, by: 'user' | 'host'): Octets | undefined {
  const who = by === 'user' ? user : host
  return who.startsWith('-') ? undefined : `${who || '*'}.${domain || '*'}`
}

function placeOf(places: Map<Octets, number>, key: Octets): number {
  const known = places.get(key)
  if (known !== undefined) return known
  places.set(key, places.size)
  return places.size - 1
}
