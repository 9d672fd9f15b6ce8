/** A run of a target behind a fence: whatever it does, to its memory or for ever, is done to another process. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Outcome, Plan } from './fuzz.ts'

/** What the child is told. */
export interface Order extends Omit<Plan, 'progress' | 'current'> {
  readonly current?: string
  readonly target: string
  /** by coverage */
  readonly guided: boolean
  /** to write what reached new code to the corpus */
  readonly keep: boolean
}

export type Report =
  | { readonly kind: 'progress'; readonly executions: number }
  | ({
      readonly kind: 'outcome'
      readonly inputs: number
      readonly finding: { readonly reason: string; readonly hex: string | undefined } | undefined
    } & Omit<Outcome, 'inputs' | 'finding'>)

export interface FencedOutcome extends Omit<Outcome, 'inputs'> {
  readonly inputs: number
}

interface Death {
  readonly died: string
  readonly executions: number
}

/** Milliseconds without a word after which the child is taken to be in a loop. */
const SILENCE_MS = 20_000

const HEAP_MB = 256

/** What no child came to the end of. */
const NOTHING = {
  executions: 0,
  seconds: 0,
  accepted: 0,
  refused: 0,
  inputs: 0,
  reach: 0,
  slowest: 0,
  growth: 0,
} as const

export async function runFenced(order: Order, silence = SILENCE_MS): Promise<FencedOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'ypldap-fuzz-'))
  try {
    const outcome = await watched(order, silence)
    if (!('died' in outcome)) return outcome
    // With the same seed it goes the same way, and this time leaves word of its last input.
    const current = join(folder, 'input')
    const again = await watched({ ...order, current }, silence)
    const { died: reason, executions } = outcome
    const input = 'died' in again ? lastInput(current) : undefined
    return { ...NOTHING, executions, finding: { reason, ...(input !== undefined && { input }) } }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The outcome, or what it died of. */
async function watched(order: Order, silence: number): Promise<FencedOutcome | Death> {
  const script = new URL('child.ts', import.meta.url).pathname
  const child = spawn(
    process.execPath,
    ['--expose-gc', `--max-old-space-size=${HEAP_MB}`, '--no-warnings', script, JSON.stringify(order)],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    words = (words + chunk).slice(0, 4000)
  })
  let looping = false
  const watch = setTimeout(() => {
    looping = true
    child.kill('SIGKILL')
  }, silence)
  let executions = 0
  let outcome: FencedOutcome | undefined
  createInterface(child.stdout).on('line', (line) => {
    watch.refresh()
    const report = JSON.parse(line) as Report
    if (report.kind === 'outcome') outcome = decoded(report)
    else executions = report.executions
  })
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  clearTimeout(watch)
  if (outcome !== undefined && code === 0) return outcome
  const died = looping
    ? `no answer for ${silence / 1000} s`
    : `its process ended with ${signal ?? code}: ${words}`
  return { died, executions }
}

function decoded({ kind: _kind, finding, ...figures }: Report & { kind: 'outcome' }): FencedOutcome {
  if (finding === undefined) return figures
  const { reason, hex } = finding
  return { ...figures, finding: { reason, ...(hex !== undefined && { input: Buffer.from(hex, 'hex') }) } }
}

/** The input that a child had at hand when it died. */
function lastInput(path: string): Buffer {
  const bytes = readFileSync(path)
  return bytes.subarray(4, 4 + bytes.readUInt32BE(0))
}
