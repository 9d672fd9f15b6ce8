import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { BUILTIN_MAPS, MAP_GROUPS } from '../../src/config/builtin-maps.ts'
import { SCHEMAS } from '../../src/config/config.ts'
import { DIRECTORY_SETTINGS } from '../../src/config/directory-settings.ts'
import { DIRECTORY_STATEMENTS } from '../../src/config/directory-statements.ts'
import { DOMAIN_STATEMENTS } from '../../src/config/domain-statements.ts'
import { GLOBAL_STATEMENTS } from '../../src/config/global-statements.ts'
import { LIMIT_TABLE } from '../../src/config/limit-table.ts'
import { MAP_STATEMENTS } from '../../src/config/map-block.ts'
import { RESERVED } from '../../src/config/reserved.ts'
import { FIELDS } from '../../src/config/schemas.ts'
import { USAGE } from '../../src/control/arguments.ts'
import { EXIT_DOWN, EXIT_FAILED, EXIT_OK, EXIT_USAGE } from '../../src/control/run.ts'
import { checkDirectories } from '../../src/directory/check.ts'
import { configOf, problemsOf } from '../config/check.ts'
import {
  displays,
  itemHeads,
  pageDefaults,
  parsePage,
  sampleDefaults,
  section,
  synopsisLine,
} from './mdoc.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

const PAGES = [
  'etc/man/ypldap.8',
  'etc/man/ypldapctl.8',
  'etc/man/ypldap.conf.5',
  'etc/man/ypldap-template.5',
]
const daemonPage = parsePage(read('etc/man/ypldap.8'))
const toolPage = parsePage(read('etc/man/ypldapctl.8'))
const confPage = parsePage(read('etc/man/ypldap.conf.5'))
const sample = read('etc/ypldap.conf')

const sources = globSync('src/**/*.ts', { cwd: new URL('../..', import.meta.url) }).map(
  (path) => [path, read(path)] as const,
)

const mandoc = spawnSync('mandoc', ['-Tlint'], { input: '' }).error === undefined

describe('the manual pages', () => {
  test.for(PAGES)('mandoc finds nothing in %s, not even in its style', (path, { skip }) => {
    if (!mandoc) skip('mandoc is not installed')
    const { status, stdout, stderr } = spawnSync('mandoc', ['-Tlint', '-Wstyle'], {
      input: read(path),
      encoding: 'utf8',
    })
    expect({ status, output: stdout + stderr }).toEqual({ status: 0, output: '' })
  })
})

describe('ypldap.8', () => {
  test('its synopsis is the usage line', () => {
    const [, usage] = /const USAGE = 'usage: (.*)\\n'/.exec(read('src/main.ts')) ?? []
    expect(usage).toBeDefined()
    expect(synopsisLine(section(daemonPage, 'SYNOPSIS'))).toBe(usage)
  })

  test('its diagnostics are the events of the log, each with its level', () => {
    const documented = section(daemonPage, 'DIAGNOSTICS').flatMap((line) => {
      const [, id, level] = /^\.It (\S+) \((\S+)\)$/.exec(line) ?? []
      return id === undefined ? [] : [`${id} ${level}`]
    })
    const twice = documented.filter((event, index) => documented.indexOf(event) !== index)
    expect(twice).toEqual([])
    expect(documented.toSorted()).toEqual([...events()].toSorted())
  })

  const troubles = section(daemonPage, 'DIAGNOSTICS')
    .join('\n')
    .split(/^\.It /m)
    .flatMap((item) => {
      const [, id, level, text] = /^(\S+) \((\S+)\)\n(.*)/s.exec(item) ?? []
      return level === 'error' || level === 'warning' ? [[id!, text!] as const] : []
    })

  test.each(troubles)('says what to do about %s', (_id, text) => {
    expect(text).toMatch(TO_DO)
  })
})

describe('ypldapctl.8', () => {
  test('has an item for each command of the usage, with its operands', () => {
    const inUsage = [...USAGE.matchAll(/^ {2}(\w.*?)(?: {2,}| (?=read the directories now))/gm)].map(
      ([, head]) => head!.toLowerCase(),
    )
    const inPage = section(toolPage, 'DESCRIPTION').flatMap((line) => {
      const [, words] = /^\.It Cm (.*)$/.exec(line) ?? []
      return words === undefined ? [] : [shown(words)]
    })
    expect(inUsage).toHaveLength(13)
    expect(inPage).toEqual(inUsage.toSorted())
  })

  test('each command of the usage is completed by bash', () => {
    const [, commands = ''] = /commands='([^']*)'/.exec(read('etc/bash-completion/ypldapctl')) ?? []
    const inUsage = [...USAGE.matchAll(/^ {2}([a-z]+) /gm)].map(([, command]) => command)
    expect(commands.split(' ')).toEqual(inUsage)
  })

  test('names every exit status', () => {
    const statuses = section(toolPage, 'EXIT STATUS').flatMap((line) => /^\.It (\d+)$/.exec(line)?.[1] ?? [])
    expect(statuses.map(Number)).toEqual([EXIT_OK, EXIT_FAILED, EXIT_DOWN, EXIT_USAGE])
  })
})

/** At the beginning of a part of a sentence: what the reader is told to do. */
const TO_DO =
  /(?:^|[.;,:] |\n|and |or )(?:add|ask|end|find|install|look|make|mend|name|put|raise|report|restart|run|say|start|stop|use|nothing needs)\b/i

/** `Oo Fl k Oc Ar map` as the reader sees it. */
function shown(words: string): string {
  return words
    .replace(/\bOp Ar (\w+(?: \.\.\.)?)/, '[$1]')
    .replace(/Oo Fl (\S+) Oc/, '[-$1]')
    .replace(/\bAr /, '')
}

/** `id level` of every event in the sources. What ends the start is logged by its code. */
function events(): Set<string> {
  const found = new Set<string>()
  for (const [path, text] of sources) {
    for (const [, level, id] of text.matchAll(
      /\blog\(\s*'(error|warning|info|debug)',\s*('[^']*'|[\w.]+)/g,
    )) {
      if (id === 'error.code') continue
      expect(id, `${path} logs an event without a fixed id`).toMatch(/^'[a-z0-9-]+'$/)
      found.add(`${id?.slice(1, -1)} ${level}`)
    }
    for (const [, code] of text.matchAll(/\bnew StartError\(\s*'([^']*)'/g)) found.add(`${code} error`)
  }
  return found
}

describe('ypldap.conf.5', () => {
  const heads = new Set(itemHeads(confPage).flatMap((head) => [head, head.split(' ', 1)[0]!]))
  const settings = [...DIRECTORY_SETTINGS.keys()]
  const statements = [
    'include',
    'directory',
    ...DOMAIN_STATEMENTS.keys(),
    ...GLOBAL_STATEMENTS.keys(),
    ...DIRECTORY_STATEMENTS.keys(),
    ...MAP_STATEMENTS.keys(),
  ]
  const fields = FIELDS

  test.each([...statements, ...settings.map((word) => `directory ${word}`), ...fields])(
    'has an item for %s',
    (word) => {
      expect(heads).toContain(word)
    },
  )

  /** Those that the parser looks for behind a statement's first word. */
  const inner = sources
    .filter(([path]) => path.startsWith('src/config/'))
    .flatMap(([, text]) => [...text.matchAll(/\bcursor\.(?:word|takes|at)\('([a-z]+)'\)/g)])
    .map(([, word]) => word!)
  const limits = LIMIT_TABLE.flatMap(({ words }) => words.split(' '))
  // Reserved by the original, and of no meaning.
  const words = new Set([
    ...limits,
    ...statements,
    ...settings,
    ...fields,
    ...inner,
    'any',
    ...SCHEMAS,
    ...RESERVED,
  ])
  words.delete('server')

  test('the words that the parser knows are found', () => {
    expect([...words]).toEqual(
      expect.arrayContaining('on from limit size file to shrink socket required'.split(' ')),
    )
  })

  const macroWords = new Set(
    confPage.lines.filter((line) => /\b(?:Ic|Cm)\b/.test(line)).flatMap((line) => line.match(WORD) ?? []),
  )
  const sampleWords = new Set(sample.match(WORD))

  test.each([...words])('%s is a word of the page and of the sample', (word) => {
    expect({ page: macroWords.has(word), sample: sampleWords.has(word) }).toEqual({
      page: true,
      sample: true,
    })
  })

  test.each(BUILTIN_MAPS)('%s is a map of both pages and of the sample', (name) => {
    expect(confPage.lines).toContain(`provide map "${name}"`)
    expect(section(daemonPage, 'DESCRIPTION').some((line) => line.startsWith(`.It ${name} Ta `))).toBe(true)
    expect(sample).toContain(`provide map "${name}"`)
  })

  test.each(Object.keys(MAP_GROUPS))('%s is a group of the page and of the sample', (name) => {
    expect(confPage.lines).toContain(`.It Ic provide maps Cm ${name}`)
    expect(sample).toContain(`provide maps ${name}\n`)
  })

  test('every statement shown as a default is one in the sample, and the other way round', () => {
    const inPage = pageDefaults(confPage).statements.toSorted()
    expect(inPage.length).toBeGreaterThan(20)
    expect(inPage).toEqual(sampleDefaults(sample).statements.toSorted())
  })

  test('every default told in words is told in the same words in the sample, and the other way round', () => {
    const { texts } = pageDefaults(confPage)
    expect(texts.size).toBeGreaterThan(10)
    expect(Object.fromEntries(texts)).toEqual(Object.fromEntries(sampleDefaults(sample).texts))
  })

  test('the statements shown as defaults change nothing', () => {
    expect(meaning(whole(pageDefaults(confPage).statements))).toEqual(meaning(whole([])))
  })

  const schemas = displays(section(confPage, 'SCHEMAS')).map((text) => text.trimEnd().split('\n'))

  test.each(schemas)('what %s is said to set it sets', (...lines) => {
    const said = lines.filter((line) => /^(?:schema|idmap) /.test(line))
    expect(said.length).toBeGreaterThan(0)
    expect(meaning(whole(lines))).toEqual(meaning(whole(said)))
  })

  test('the schemas that set something are shown', () => {
    expect(schemas.map(([first]) => first)).toEqual(['schema ipa', 'schema ad', 'schema ad'])
  })

  const examples = displays(section(confPage, 'EXAMPLES'))

  test('there are examples', () => {
    expect(examples.length).toBeGreaterThan(4)
  })

  test.each(examples)('example %# is a whole configuration without a fault', (text) => {
    expect(problemsOf(text)).toEqual([])
    // Filters and bases are judged here; the files that it names are not on this host.
    const problems = configOf(text)
      .domains.flatMap(checkDirectories)
      .map(({ message }) => message)
    expect(problems.filter((message) => !message.includes('ENOENT'))).toEqual([])
  })

  const elsewhere = displays(confPage.lines).filter((text) => !examples.includes(text))

  test.each(elsewhere)('display %# outside the examples is made of good statements', (text) => {
    const lines = text.trimEnd().split('\n')
    const hasDirectory = lines.some((line) => /^directory .*\{/.test(line))
    const hasMap = lines.some((line) => /^map .*\{/.test(line))
    const others = hasDirectory ? '' : 'directory h { basedn "dc=b" }\n'
    expect(problemsOf(hasDirectory || hasMap ? `domain d\n${text}${others}` : whole(lines))).toEqual([])
  })
})

const WORD = /[a-z]+[0-9]*[a-z]*/g

/** A configuration of these statements, each outside or inside of a directory block as it belongs. */
function whole(statements: readonly string[]): string {
  const outside = statements.filter(isGlobal)
  const inside = statements.filter((line) => !isGlobal(line))
  return ['domain d', ...outside, 'directory h {', 'basedn "dc=b"', ...inside, '}', ''].join('\n')
}

function isGlobal(statement: string): boolean {
  const [first, second] = statement.split(' ', 2)
  return (
    DOMAIN_STATEMENTS.has(first!) ||
    GLOBAL_STATEMENTS.has(first!) ||
    (first === 'directory' && DIRECTORY_SETTINGS.has(second!))
  )
}

/** What a configuration says, without the places where it says so. */
function meaning(text: string): unknown {
  return JSON.parse(
    JSON.stringify(configOf(text), (key, value: unknown) => (key === 'at' ? undefined : value)),
  )
}
