/**
 * Rejected rows by kind of reason: the reason without what varies. Kinds are those of a list and no others, for what
 * a directory holds must not decide how many there are.
 */
import type { Rejected } from '../maps/merge.ts'
import type { RefreshResult } from '../messages/directory.ts'

export type Reasons = RefreshResult['reasons']

/** That many are told of, the rest is `other`. */
const MOST_KINDS = 32

export const OTHER = 'other'

const NAMES = ['user', 'group', 'member'].flatMap((what) => [
  `empty ${what} name`,
  `${what} name "..." starts with + or -`,
  `${what} name "..." starts with YP_, as the map's own keys do`,
  `${what} name "..." is refused by the configuration`,
  `a second ${what} named "..."`,
])

const CONTENTS = [
  'user name',
  'group name',
  'member name',
  'passwd',
  'class',
  'gecos',
  'home',
  'shell',
].flatMap((field) =>
  ['a colon', 'a newline', 'a carriage return', 'a NUL'].map(
    (found) => `${field} contains ${found} at byte N`,
  ),
)

/**
 * `...` and `N` stand for what varies. The first that is like a reason is its kind. What follows `, left out of` is not
 * a part of it.
 */
export const KINDS: readonly string[] = [
  ...NAMES,
  ...CONTENTS,
  ...['uid', 'gid'].flatMap((id) => [
    `${id} "..." is not a number from 0 to N`,
    `${id} N is refused: "minimum ${id}" is N`,
  ]),
  'change "..." is not a number',
  'expire "..." is not a number',
  'member "..." contains a comma',
  'name of N bytes: at most N',
  'line of N bytes: the record limit is N',

  'an empty key',
  'key of N bytes: at most N',
  'the key "..." starts with YP_, as the map\'s own keys do',
  ...['key', 'value of'].flatMap((part) =>
    ['a newline', 'a carriage return', 'a NUL'].map((found) => `the ${part} "..." contains ${found}`),
  ),
  'a second record of the key "..." in ...',
  'the map ... is left out: there are N maps, and room for N',

  ...[
    'kept with its N bytes',
    'left out with its N bytes, as there is no place to cut it',
    'left out with its N bytes',
    'left out, as it has N bytes without its members',
    'split into N of one gid, N of N members left out',
    'split into N of one gid',
    'N of N members left out',
    'N of N groups left out',
    'N of N items left out',
  ].map((fate) => `... is over the record limit of N bytes: ${fate}`),

  'netgroup ...: its name has a comma, which divides names in a reverse map',
  'netgroup ...: netgroups are nested to more than N members',
  'netgroup ...: "..." would be a key of N bytes',
  'netgroup ...: "..." is not of the form (host,user,domain)',
  'netgroup ...: it holds "...", which is no netgroup',

  'it has more values than "limit ldap values" lets through',
  'only a part of a list is there (...)',
  'the fixed ... is empty',
  'no value of ..., which gives the ...',
  'N members of group "..." are no users that are known, such as ...',
  'members of groups in group "..." are left out: nested groups have too many in all',
  'N groups are nested too deeply in group "...": left out',
  ...[
    'N bytes are too many',
    'N bytes are too few',
    'its revision is N, and not N',
    "N bytes can't hold just the N parts it tells of",
    'it has no parts behind its authority',
  ].map((fault) => `not a security identifier: ${fault}`),

  'N keys and N values: one for all, or one for each',
  '... is no automount map: its name is that of another map',
  'its name of a map is longer than 64 bytes, or has blanks or a slash',
  'the map ... is made of other entries',
  'N texts for one field',
  'the server gave only a part of ... (...)',
  'more than N values',
  'more than N bytes of text',
  'groups are nested deeper than N times',
  'it leads to too many other entries',
  'all of them together lead to too many other entries',
  'a value does not match ...',
  'no value of ..., which pads a list',
  'no value of ...',
]

/** What is fixed of each, in its order. A regular expression of several `.*` takes the square of a long name's length. */
const SHAPES = KINDS.map((kind) => ({ kind, parts: kind.split(/\.\.\.|\bN\b/) }))

export function kindOf(reason: string): string {
  const end = reason.lastIndexOf(', left out of ')
  const bare = end === -1 ? reason : reason.slice(0, end)
  return SHAPES.find(({ parts }) => isLike(bare, parts))?.kind ?? OTHER
}

/** Whether the text is the parts, one after the other, with anything in between. */
function isLike(text: string, [head = '', ...rest]: readonly string[]): boolean {
  if (rest.length === 0) return text === head
  if (!text.startsWith(head)) return false
  const tail = rest.pop()!
  let at = head.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return text.length - tail.length >= at && text.endsWith(tail)
}

/** The most frequent first, `other` at the end. */
export function reasonsOf(rejected: readonly Pick<Rejected, 'reason'>[]): Reasons {
  const counts = new Map<string, number>()
  for (const { reason } of rejected) {
    const kind = kindOf(reason)
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  const known = [...counts].filter(([kind]) => kind !== OTHER).toSorted(([, a], [, b]) => b - a)
  const told = known.slice(0, MOST_KINDS)
  const rest = rejected.length - told.reduce((sum, [, rows]) => sum + rows, 0)
  return [...told, ...(rest > 0 ? [[OTHER, rest] as const] : [])].map(([reason, rows]) => ({ reason, rows }))
}
