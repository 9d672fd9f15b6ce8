/**
 * The long run: every target, or those that are named, guided by coverage, on all cores. Prints a table in Markdown;
 * what is found is added to the regressions. See scripts/fuzz for the options.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { runSeed } from '../support/random.ts'
import { addRegression, inputsPath } from './corpus.ts'
import { type FencedOutcome, runFenced } from './fenced.ts'
import { loadTargets, TARGET_FILES } from './targets.ts'

const DAY_SECONDS = 86_400

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    executions: { type: 'string', default: '2000000' },
    seed: { type: 'string' },
    minutes: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})
const executions = wholeNumber('executions', options.executions)
const seed = options.seed === undefined ? runSeed() : wholeNumber('seed', options.seed)
const seconds = options.minutes === undefined ? DAY_SECONDS : wholeNumber('minutes', options.minutes) * 60

const names = await wantedNames()
console.log(`seed ${seed}, ${executions} executions of each target at most\n`)
console.log(
  '| target | executions | a second | inputs | characters reached | taken | slowest ms | growth KiB |',
)
console.log('|---|---|---|---|---|---|---|---|')
const left = [...names]
let failed = false
await Promise.all(Array.from({ length: availableParallelism() }, takeTurns))
process.exitCode = failed ? 1 : 0

/** A core's work: one target after the other, as long as there are any. */
async function takeTurns(): Promise<void> {
  for (let target = left.shift(); target !== undefined; target = left.shift()) {
    const outcome = await runFenced({ target, executions, seed, seconds, guided: true, keep: options.keep })
    console.log(row(target, outcome))
    if (outcome.finding !== undefined) report(target, outcome.finding)
  }
}

function row(target: string, outcome: FencedOutcome): string {
  const { executions, seconds, accepted, refused, inputs, reach, slowest, growth } = outcome
  const cells = [
    target,
    executions,
    seconds === 0 ? 0 : Math.round(executions / seconds),
    inputs,
    reach,
    `${Math.round((100 * accepted) / Math.max(1, accepted + refused))} %`,
    slowest.toFixed(1),
    Math.round(growth / 1024),
  ]
  return `| ${cells.join(' | ')} |`
}

function report(target: string, { input, reason }: NonNullable<FencedOutcome['finding']>): void {
  failed = true
  console.error(`${target}: ${reason}`)
  if (input === undefined) return
  addRegression(target, input, `seed ${seed}: ${reason}`)
  console.error(`${target}: the input is in ${inputsPath('regressions', target)}`)
}

async function wantedNames(): Promise<readonly string[]> {
  const all = (await Promise.all(TARGET_FILES.map(loadTargets))).flat().map(({ name }) => name)
  if (wanted.length === 0) return all
  for (const name of wanted) {
    if (!all.some((one) => one === name || one.startsWith(`${name}/`))) {
      console.error(`there is no target ${name}, only ${all.join(', ')}`)
      process.exit(64)
    }
  }
  return all.filter((one) => wanted.some((name) => one === name || one.startsWith(`${name}/`)))
}

function wholeNumber(word: string, text: string): number {
  if (!/^[1-9][0-9]{0,11}$/.test(text)) {
    console.error(`--${word}: a whole number expected, not ${text}`)
    process.exit(64)
  }
  return Number(text)
}
