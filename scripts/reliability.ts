/** Measures the promises of goals.ts and writes their table into RELIABILITY.md; scripts/reliability says how to call it. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Figure } from '../test/support/figure.ts'
import { GOALS, type Goal, type Held } from './goals.ts'

const PAGE = 'RELIABILITY.md'
const BEGIN = '<!-- figures: scripts/reliability -->'
const END = '<!-- end of figures -->'

interface Measured {
  readonly passed: boolean
  readonly figures: readonly string[]
}

const { values: options, positionals: wanted } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, list: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const unknown = wanted.filter((id) => GOALS.every((goal) => goal.id !== id))
if (unknown.length > 0) throw new Error(`no such promise: ${unknown.join(', ')}`)

const folder = mkdtempSync(join(tmpdir(), 'ypldap-reliability-'))
let failed = false
/** of the benchmark, once it has run */
let samples: readonly Sample[] | undefined
try {
  const rows = oldRows()
  for (const goal of GOALS) {
    const isWanted = wanted.length === 0 || wanted.includes(goal.id)
    if (goal.unmeasured !== undefined) rows.set(goal.id, row(goal, goal.unmeasured, ''))
    else if (isWanted && !options.list) rows.set(goal.id, measuredRow(goal))
    else rows.set(goal.id, kept(goal, rows.get(goal.id)))
  }
  write(rows)
} finally {
  rmSync(folder, { recursive: true })
}
process.exitCode = failed ? 1 : 0

function measuredRow(goal: Goal): string {
  console.error(`== ${goal.id}: ${goal.promise}`)
  const [load = 0] = loadavg()
  const also = { fuzz, bench: goal.id === 'G5' ? publicationBench : matchBench }
  const parts = [measureTests(goal), ...(goal.by === undefined ? [] : [also[goal.by]()])]
  const passed = parts.every((part) => part.passed)
  const figures = parts.flatMap((part) => part.figures)
  if (!passed) failed = true
  const said = [...(passed ? [] : ['**missed, or a test failed**']), ...figures].join('; ')
  console.error(said)
  return row(goal, said, whenAndWhere(load))
}

/** Needs a private host. */
function isLab({ file }: Held): boolean {
  return /^test\/(e2e|compat)\//.test(file)
}

/** The tests that hold a promise, at their full length, and what they told. */
function measureTests({ id, held }: Goal): Measured {
  const whole = held.filter(({ name }) => name === undefined)
  const named = Map.groupBy(
    held.filter(({ name }) => name !== undefined),
    ({ file }) => file,
  )
  const groups = [whole.filter((one) => !isLab(one)), whole.filter(isLab), ...named.values()]
  const outcomes = groups
    .filter((group) => group.length > 0)
    .map((group, number) => runTests(id, group, join(folder, `${id}.${number}`)))
  const count = outcomes.reduce((sum, { tests }) => sum + tests, 0)
  const figures = outcomes.flatMap((one) => one.figures)
  return {
    passed: outcomes.every(({ passed }) => passed),
    figures: [...figures, ...(count > 0 ? [`${count} tests`] : [])],
  }
}

/** Tests of whole files, or of some names of one file. */
function runTests(id: string, held: readonly Held[], path: string): Measured & { readonly tests: number } {
  const [told, report] = [`${path}.figures`, `${path}.json`]
  writeFileSync(told, '')
  const names = held.flatMap(({ name }) => name ?? [])
  const pattern = names.length === 0 ? [] : ['-t', names.join('|')]
  const files = new Set(held.map(({ file }) => file))
  const words = [...files, ...pattern, '--reporter=dot', '--reporter=json', `--outputFile.json=${report}`]
  const inLab = isLab(held[0]!)
  const [command, first] = inLab ? (['scripts/e2e', '--'] as const) : (['vitest', 'run'] as const)
  const env = { ...process.env, YPLDAP_FIGURES: told, ...(options.quick ? {} : { YPLDAP_LONG: '1' }) }
  const { status } = spawnSync(command, [first, ...words], { env, stdio: ['ignore', 2, 2] })
  const lines = readFileSync(told, 'utf8').split('\n').filter(Boolean)
  const figures = lines.map((line) => JSON.parse(line) as Figure).filter(({ goal }) => goal === id)
  const tests =
    status === 0 ? (JSON.parse(readFileSync(report, 'utf8')) as { numPassedTests: number }) : undefined
  return {
    passed: status === 0 && (tests?.numPassedTests ?? 0) > 0,
    figures: figures.map(({ text }) => text),
    tests: tests?.numPassedTests ?? 0,
  }
}

/** scripts/fuzz prints a row for each target. */
function fuzz(): Measured {
  const executions = options.quick ? 100_000 : 2_000_000
  const { status, stdout } = spawnSync('scripts/fuzz', ['--executions', String(executions)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 2],
  })
  const cells = stdout
    .split('\n')
    .filter((line) => /^\| \S+\/\S+ \|/.test(line) || /^\| [a-z]+ \| \d/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()))
  const rates = cells.map(([, , , rate]) => Number(rate))
  const slowest = Math.max(...cells.map((row) => Number(row[7])))
  const sum = cells.reduce((all, [, , count]) => all + Number(count), 0)
  return {
    passed: status === 0 && cells.length > 0,
    figures: [
      `${cells.length} targets, ${sum.toLocaleString('en-US')} inputs, ${status === 0 ? 'nothing' : 'something'} found, ` +
        `slowest ${slowest} ms, ${Math.min(...rates).toLocaleString('en-US')} to ` +
        `${Math.max(...rates).toLocaleString('en-US')} a second`,
    ],
  }
}

interface Sample {
  readonly trial: string
  readonly users: number
  readonly width: number
  readonly subject: string
  /** others had the machine */
  readonly disturbed: boolean
  readonly values: Readonly<Record<string, number>>
}

/** A quick run of the benchmark, once for all promises that it measures. */
function benchSamples(): readonly Sample[] {
  if (samples !== undefined) return samples
  const json = join(folder, 'bench.json')
  const { status } = spawnSync('scripts/bench', ['--quick', '--json', json], { stdio: ['ignore', 2, 2] })
  samples = status === 0 ? (JSON.parse(readFileSync(json, 'utf8')) as { samples: Sample[] }).samples : []
  return samples
}

/** The median over the rounds, those that nothing disturbed if there are such; undefined when it was not measured. */
function benchFigure(trial: string, users: number, width: number, metric: string): number | undefined {
  const own = benchSamples().filter(
    (one) => one.trial === trial && one.users === users && one.width === width && one.subject === 'ypldap',
  )
  const calm = own.filter(({ disturbed }) => !disturbed)
  const values = (calm.length > 0 ? calm : own).flatMap((one) => one.values[metric] ?? [])
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
}

/** G5, on which the test's own figures are too much those of a machine to fail by. */
function publicationBench(): Measured {
  const longest = benchFigure('publish', 100_000, 1, 'longest')
  return {
    passed: longest !== undefined && longest < 10,
    figures:
      longest === undefined
        ? []
        : [`longest gap between two replies across a publication ${longest.toFixed(1)} ms`],
  }
}

function rateText({ rate, p99 }: { readonly rate: number; readonly p99: number }): string {
  return `${Math.round(rate).toLocaleString('en-US')} MATCH/s, p99 ${Math.round(p99)} µs`
}

/** G16: far over its bar, so that a quick run says enough. */
function matchBench(): Measured {
  const [one, many] = [1, 16].map((width) => ({
    rate: benchFigure('match', 10_000, width, 'rate') ?? 0,
    p99: benchFigure('match', 10_000, width, 'p99') ?? Infinity,
  }))
  return {
    passed: many!.rate >= 15_000 && many!.p99 < 2000 && one!.p99 < 2000,
    figures: [`10,000 users, one at a time: ${rateText(one!)}; 16 at a time: ${rateText(many!)}`],
  }
}

/** With the load that was there before: figures of time are those of a machine that has little else to do. */
function whenAndWhere(load: number): string {
  const machine = `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 1e9)} GB`
  const extent = `, load ${load.toFixed(1)} before${options.quick ? ', quick' : ''}`
  return `${new Date().toISOString().slice(0, 10)}, ${machine}, Node ${process.versions.node}${extent}`
}

function row({ id, promise, held, by }: Goal, said: string, when: string): string {
  const shown = [
    ...held.map(({ file, name }) => (name === undefined ? `\`${file}\`` : `\`${file}\` (${name})`)),
    ...(by === undefined ? [] : [`\`scripts/${by}\``]),
  ]
  return `| ${[id, promise, said, when, shown.join(', ')].join(' | ')} |`
}

/** What was measured before, with the words of today. */
function kept(goal: Goal, old: string | undefined): string {
  const [, , , said = 'not measured yet', when = ''] = (old ?? '').split('|').map((cell) => cell.trim())
  return row(goal, said, when)
}

function oldRows(): Map<string, string> {
  const lines = readFileSync(PAGE, 'utf8').split('\n')
  return new Map(
    lines.flatMap((line) => (/^\| (G\d+) \|/.test(line) ? [[line.split(' ')[1]!, line] as const] : [])),
  )
}

function write(rows: ReadonlyMap<string, string>): void {
  const head = '| | Promise | Measured | When and where | Held by |\n| --- | --- | --- | --- | --- |'
  const text = readFileSync(PAGE, 'utf8')
  const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (before < 0 || after < 0) throw new Error(`${PAGE} has no place for the figures`)
  const table = [BEGIN, '', head, ...GOALS.map(({ id }) => rows.get(id)!), '', ''].join('\n')
  writeFileSync(PAGE, text.slice(0, before) + table + text.slice(after))
}
