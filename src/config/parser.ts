import { completeConfig } from './complete.ts'
import type { Config, Located, Position, Problem } from './config.ts'
import { Cursor } from './cursor.ts'
import {
  atDirectoryStatement,
  type BlockTarget,
  readDirectoryBlock,
  readStrayStatements,
} from './directory-block.ts'
import { readDirectoryHeader, type ServicePort } from './directory-header.ts'
import { nextGlobal } from './directory-settings.ts'
import { type Draft, emptyDirectory, emptyDraft } from './draft.ts'
import { GLOBAL_STATEMENTS } from './global-statements.ts'
import { Lexer } from './lexer.ts'
import { MAX_DEPTH, MAX_INCLUDES } from './limits.ts'
import { atMacro, readMacro } from './macro-statement.ts'
import { Macros } from './macros.ts'
import type { FileText, ReadFile } from './read.ts'
import { Report } from './report.ts'
import { unknownStatement } from './unknown-statement.ts'

/** What a configuration says; without a problem there is a config. Warnings leave it usable. */
export interface CheckedConfig {
  readonly config: Config | undefined
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** What lies outside the text of a configuration. */
export interface Surroundings {
  readonly read: ReadFile
  readonly servicePort: ServicePort
}

/** One run over a configuration and the files that it includes. */
interface Run extends Surroundings {
  readonly macros: Macros
  readonly report: Report
  readonly draft: Draft
  /** the files being read, each included by the one before */
  readonly open: string[]
  includes: number
}

/** Reads the file and those it includes, and reports all that is wrong with them. `macros` win over the files'. */
export function parseConfig(
  file: string,
  macros: ReadonlyMap<string, string>,
  surroundings: Surroundings,
): CheckedConfig {
  const run: Run = {
    ...surroundings,
    macros: new Macros(macros),
    report: new Report(),
    draft: emptyDraft(),
    open: [],
    includes: 0,
  }
  run.report.file(file)
  readFile(run, file, { file, line: 1, column: 1 })
  const config = completeConfig(run.draft, file, run.report)
  for (const { at, message } of run.macros.unused()) run.report.warning(at, message)
  const { problems, warnings } = run.report
  return { config: problems.length === 0 ? config : undefined, problems, warnings }
}

/** `at` is where problems of the file as a whole are reported. */
function readFile(run: Run, path: string, at: Position): void {
  const { file, faults } = run.read(path)
  for (const fault of faults) run.report.problem(at, fault)
  if (file === undefined) {
    run.draft.damaged.add('*')
  } else if (run.open.includes(file.identity)) {
    run.report.problem(at, `${path} includes itself, expected another file`)
  } else {
    readStatements(run, path, file)
  }
}

function readStatements(run: Run, path: string, { text, identity }: FileText): void {
  run.report.file(path)
  run.open.push(identity)
  const cursor = new Cursor(new Lexer(text, path, run.macros), run.report)
  while (!run.report.full && cursor.beginStatement().kind !== 'end') readStatement(run, cursor)
  run.open.pop()
}

function readStatement(run: Run, cursor: Cursor): void {
  const { at } = cursor.peek()
  const word = cursor.unquoted()
  if (atMacro(cursor)) {
    readLine(cursor, () => readMacro(cursor, run.macros, run.report))
    return
  }
  if (word === 'include') {
    let path: Located<string> | undefined
    const good = readLine(cursor, () => {
      cursor.next()
      path = cursor.text('the path of a file as a quoted string')
    })
    if (good && path !== undefined) include(run, path)
    else run.draft.damaged.add('*')
    return
  }
  const statement = nextGlobal(cursor)
  if (statement !== undefined) {
    const good = readLine(cursor, () => {
      for (const each of statement.words) cursor.word(each)
      statement.read(cursor, run.draft, run.report, at)
    })
    if (!good) run.draft.damaged.add(statement.words.join(' '))
    return
  }
  const directory = emptyDirectory(at, run.draft.cafiles.at(-1))
  const target = { ...run, directory }
  if (atDirectoryStatement(cursor)) readStrayStatements(cursor, target)
  else readDirectory(cursor, target, run.servicePort)
}

/** Reads a statement that ends with its line; gives whether it is good. */
function readLine(cursor: Cursor, read: () => void): boolean {
  const good = cursor.attempt(() => {
    read()
    cursor.lineEnd()
  })
  if (!good) while (!cursor.atLineEnd()) cursor.next()
  return good
}

function include(run: Run, { value: path, at }: Located<string>): void {
  run.includes += 1
  if (run.open.length > MAX_DEPTH) {
    run.report.problem(at, `files include each other too deeply, expected at most ${MAX_DEPTH} levels`)
  } else if (run.includes > MAX_INCLUDES) {
    run.report.problem(at, `too many files are included, expected at most ${MAX_INCLUDES}`)
  } else {
    readFile(run, path, at)
    return
  }
  run.draft.damaged.add('*')
}

/** Reads a directory, or what no statement begins with: when that has a block, it is a directory's, misspelt. */
function readDirectory(cursor: Cursor, target: BlockTarget, servicePort: ServicePort): void {
  const { directory, draft, report } = target
  const misspelt = !cursor.at('directory')
  const good = cursor.attempt(() => {
    if (misspelt) throw unknownStatement(cursor, STATEMENTS)
    cursor.next()
    readDirectoryHeader(cursor, directory, report, servicePort)
  })
  if (!good) {
    draft.damaged.add(misspelt ? '*' : 'directory')
    if (!findBlock(cursor, misspelt)) return
  }
  draft.directories.push(directory)
  readDirectoryBlock(cursor, target)
}

const STATEMENTS = ['include', 'directory', ...GLOBAL_STATEMENTS.keys(), 'name = "value"']

/** After a bad header: goes into its block, unless there is none. */
function findBlock(cursor: Cursor, sameLine: boolean): boolean {
  while (!cursor.atLineEnd() && !cursor.atSymbol('{')) cursor.next()
  if (!sameLine) cursor.beginStatement()
  if (cursor.atSymbol('{')) {
    cursor.next()
    return true
  }
  return !sameLine && atDirectoryStatement(cursor)
}
