import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { KINDS, kindOf, OTHER, reasonsOf } from '../../src/directory/rejection-kinds.ts'

const ROOT = join(import.meta.dirname, '../..')

test.each([
  ['line of 1100 bytes: the record limit is 1024', 'line of N bytes: the record limit is N'],
  ['user name "+x" starts with + or -', 'user name "..." starts with + or -'],
  ['uid 3 is refused: "minimum uid" is 1000', 'uid N is refused: "minimum uid" is N'],
  ['gecos contains a colon at byte 7', 'gecos contains a colon at byte N'],
  ['member "a,b" contains a comma, left out of group "g"', 'member "..." contains a comma'],
  [
    'group "staff" is over the record limit of 1024 bytes: 7 of 90 members left out',
    '... is over the record limit of N bytes: N of N members left out',
  ],
  [
    'group "staff" is over the record limit of 1024 bytes: split into 3 of one gid',
    '... is over the record limit of N bytes: split into N of one gid',
  ],
  [
    '"x" in mail.aliases is over the record limit of 1024 bytes: left out with its 2000 bytes, as there is no place to cut it',
    '... is over the record limit of N bytes: left out with its N bytes, as there is no place to cut it',
  ],
  [
    'netgroup a: "(x" is not of the form (host,user,domain)',
    'netgroup ...: "..." is not of the form (host,user,domain)',
  ],
  ['no value of uidNumber, which gives the uid', 'no value of ..., which gives the ...'],
  ['no value of $cn, left out of hosts.byname', 'no value of ...'],
  ['an empty key, left out of services', 'an empty key'],
  ['the disk is full', OTHER],
])('%s', (reason, kind) => {
  expect(kindOf(reason)).toBe(kind)
})

test('no value of a directory makes a kind of its own', () => {
  const names = [
    '"',
    '", left out of "',
    '" is not a number from 0 to 1',
    '\n',
    'é',
    '...',
    'N',
    'x'.repeat(100_000),
  ]
  for (const name of names) {
    const reasons = [
      `user name "${name}" starts with + or -`,
      `uid "${name}" is not a number from 0 to 4294967294`,
      `member "${name}" contains a comma, left out of group "${name}"`,
      `netgroup ${name}: it holds "${name}", which is no netgroup`,
    ]
    for (const reason of reasons) expect([...KINDS, OTHER]).toContain(kindOf(reason))
  }
})

test('the most frequent kinds come first, and each row is counted once', () => {
  const rows = [
    ...Array.from({ length: 3 }, (_, n) => ({ reason: `gid "${n}x" is not a number from 0 to 9` })),
    ...Array.from({ length: 5 }, () => ({ reason: 'a reason of tomorrow' })),
    ...Array.from({ length: 4 }, (_, n) => ({ reason: `name of ${n} bytes: at most 1024` })),
  ]
  expect(reasonsOf(rows)).toEqual([
    { reason: 'name of N bytes: at most N', rows: 4 },
    { reason: 'gid "..." is not a number from 0 to N', rows: 3 },
    { reason: OTHER, rows: 5 },
  ])
  expect(reasonsOf([])).toEqual([])
})

test('there are 32 kinds at most, and others', () => {
  const rows = KINDS.map((kind) => ({ reason: kind.replaceAll(/\bN\b/g, '7') }))
  const reasons = reasonsOf(rows)
  expect(reasons).toHaveLength(33)
  expect(reasons.at(-1)).toEqual({ reason: OTHER, rows: rows.length - 32 })
})

test('each kind is its own', () => {
  expect(KINDS.map((kind) => kindOf(kind.replaceAll(/\bN\b/g, '7')))).toEqual(KINDS)
})

/** Where reasons are made. Their other texts are for people who start or configure it. */
const SOURCES = [
  ...['admit', 'tables', 'overflow', 'netgroup', 'records', 'merge'].map((name) => `src/maps/${name}.ts`),
  ...['gather', 'accounts', 'rows', 'sid', 'text-maker', 'table-maker', 'tables'].map(
    (name) => `src/directory/${name}.ts`,
  ),
]
const TEMPLATES = readdirSync(join(ROOT, 'src/directory/template')).map(
  (name) => `src/directory/template/${name}`,
)

/** Parts of what precedes a reason, or follows it. */
const NO_REASONS = new Set([
  '... left out of ...',
  '..., left out of ...',
  '..., left out of group ...',
  'passwd of user "..."',
  '... of user "..."',
  'netid of user "..."',
  '"..." in ...',
  'group "..."',
  'such as ...',
  ', ...',
  'the maps found in the directory',
  // Of a map that the configuration can't name.
  'no map named ... can be made',
  'not a security identifier: ...',
  'a colon',
  'a newline',
  'a carriage return',
  'a NUL',
])

/** The texts of a file that have a blank, `...` for what is put in. */
function textsOf(source: string): string[] {
  const code = source.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, '').replaceAll(/^import .*$/gm, '')
  const texts: string[] = []
  const template = (from: number): number => {
    let text = ''
    for (let at = from; at < code.length; at++) {
      if (code[at] === '`') {
        texts.push(text)
        return at
      }
      if (code.startsWith('${', at)) {
        text += '...'
        at = hole(at + 2)
      } else text += code[at]!
    }
    return code.length
  }
  const hole = (from: number): number => {
    for (let at = from, depth = 0; at < code.length; at++) {
      if (code[at] === '`') at = template(at + 1)
      else if (code[at] === '{') depth += 1
      else if (code[at] === '}' && depth-- === 0) return at
    }
    return code.length
  }
  for (let at = 0; at < code.length; at++) {
    if (code[at] === '`') at = template(at + 1)
    else if (code[at] === "'") {
      const end = code.indexOf("'", at + 1)
      texts.push(code.slice(at + 1, end))
      at = end
    }
  }
  return texts.filter((text) => text.includes(' ') && /[a-z]/.test(text))
}

function isKnown(text: string): boolean {
  const shape = text.split('...').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const like = new RegExp(shape.join('.+'))
  return NO_REASONS.has(text) || KINDS.some((kind) => like.test(kind))
}

describe('every reason that can be given has a kind:', () => {
  test.each(SOURCES)('%s', (file) => {
    const texts = textsOf(readFileSync(join(ROOT, file), 'utf8'))
    expect(texts.filter((text) => !isKnown(text))).toEqual([])
  })

  test.each(TEMPLATES)('%s', (file) => {
    const source = readFileSync(join(ROOT, file), 'utf8')
    const thrown = source.match(/new EvaluationError\((?:`[^`]*`|'[^']*')/g) ?? []
    expect(thrown.length).toBe(source.match(/new EvaluationError\(/g)?.length ?? 0)
    expect(thrown.flatMap(textsOf).filter((text) => !isKnown(text))).toEqual([])
  })
})
