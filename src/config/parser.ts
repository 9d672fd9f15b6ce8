import { completeConfig } from './complete.ts'
import { completeAccess } from './complete-access.ts'
import type { Config, Located, Position, Problem } from './config.ts'
import { readCredentialFiles } from './credential-files.ts'
import { Cursor } from './cursor.ts'
import type { ServicePort } from './directory-header.ts'
import { type Draft, emptyDraft } from './draft.ts'
import { Lexer } from './lexer.ts'
import { MAX_DEPTH, MAX_INCLUDES } from './limits.ts'
import { Macros } from './macros.ts'
import type { FileText, ReadFile } from './read.ts'
import { Report } from './report.ts'
import { readStatement } from './statement.ts'

/** What a configuration says; without a problem there is a config. Warnings leave it usable. */
export interface CheckedConfig {
  readonly config: Config | undefined
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** What lies outside the text of a configuration. */
export interface Surroundings {
  readonly read: ReadFile
  /** reads a securenets file */
  readonly readNets: ReadFile
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
  readCredentialFiles(run.draft, run.read, run.report)
  const access = completeAccess(run.draft, run.readNets, run.report)
  const config = completeConfig(run.draft, file, access, run.report)
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
  const { macros, report, draft, servicePort } = run
  const reading = { macros, report, servicePort, place: { file: draft, domain: draft } }
  while (!report.full && cursor.beginStatement().kind !== 'end') {
    const path = readStatement(cursor, reading)
    if (path !== undefined) include(run, path)
  }
  run.open.pop()
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
