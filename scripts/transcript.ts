/**
 * Does what a section of a Markdown file tells its readers to type, word for word, and holds what the section says
 * they will see against what comes. Blocks of `sh` are typed, on the host that the heading above them names; a block
 * of `text` is what the last command before it prints, where … stands for anything, and what stands behind a question
 * is typed, too.
 *
 * usage: scripts/transcript.ts FILE HEADING HOST=COMMAND...     COMMAND with arguments runs those on that host
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'

export interface Step {
  /** the heading */
  readonly host: string
  /** as the reader types it */
  readonly typed: string
  /** what it prints; undefined where the section does not say */
  readonly shown: string | undefined
}

/** The steps below `## HEADING`, with `### HOST` for each host. Throws where a block has no place. */
export function stepsOf(markdown: string, heading: string): readonly Step[] {
  const [, section] = markdown.split(`\n## ${heading}\n`)
  if (section === undefined) throw new Error(`there is no heading "${heading}"`)
  const [text = ''] = section.split('\n## ')
  const steps: Step[] = []
  let host: string | undefined
  for (const [, name, kind, block = ''] of text.matchAll(PART)) {
    if (name !== undefined) host = name
    else if (host === undefined) throw new Error('a block is below no host')
    else if (kind === 'sh') for (const typed of commands(block)) steps.push({ host, typed, shown: undefined })
    else {
      const last = steps.pop()
      if (last === undefined || last.shown !== undefined) throw new Error('output of no command')
      steps.push({ ...last, shown: block })
    }
  }
  return steps
}

/** The heading of a host, or a block. */
const PART = /^### ([^\n]+)$|^```(sh|text)\n(.*?)^```$/gms

/** A line that ends in a backslash goes on in the next. */
function commands(block: string): readonly string[] {
  return block.split(/(?<!\\)\n/).filter((line) => line !== '')
}

export interface Substitution {
  readonly why: string
  readonly of: RegExp
  readonly by: string
}

/** All that is done in another way than a reader does it. */
export const SUBSTITUTIONS: readonly Substitution[] = [
  { why: 'no systemd runs in a clean root', of: /^systemctl .* # without systemd: (.+)$/, by: '$1' },
]

/** What is done for what a reader types. */
export function substituted(typed: string): string {
  return SUBSTITUTIONS.reduce((text, { of, by }) => text.replace(of, by), typed)
}

/** Those without which every step would be what it is. */
export function needless(steps: readonly Step[]): readonly Substitution[] {
  return SUBSTITUTIONS.filter(({ of }) => !steps.some(({ typed }) => of.test(typed)))
}

/** Whether this was promised; … stands for anything, and of blanks at the end of a line nobody sees anything. */
export function isShown(shown: string, printed: string): boolean {
  const parts = shown.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's').test(printed.replace(/[ \t]+$/gm, ''))
}

/** What a reader types at this point: what the text has behind a question; undefined while nothing is asked. */
export function answerTo(printed: string, shown: string): string | undefined {
  const question = printed.slice(printed.lastIndexOf('\n') + 1)
  if (!question.endsWith(': ')) return undefined
  const line = shown.split('\n').find((one) => `${one} `.startsWith(question))
  return line?.slice(question.length)
}

interface Outcome {
  readonly status: number
  readonly printed: string
}

interface Terminal {
  /** Types a command, and answers what it asks as `shown` does. */
  readonly type: (command: string, shown: string) => Promise<Outcome>
  readonly close: () => void
}

/** The prompt, which tells how the last command ended. */
const PROMPT = /«(\d+)»$/

/** One shell on one terminal, which stays open as a reader's does: daemons have the time to leave it. */
async function openTerminal(shell: string): Promise<Terminal> {
  const child = spawn('script', ['-qec', `${shell} bash --norc --noprofile --noediting -i`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdout.setEncoding('utf8')
  const type = (command: string, shown: string) =>
    new Promise<Outcome>((resolve, reject) => {
      let raw = ''
      let answered = 0
      const read = (text: string) => {
        raw += text
        const printed = stripVTControlCharacters(raw).replaceAll('\r', '')
        const [prompt, status] = PROMPT.exec(printed) ?? []
        if (prompt !== undefined) {
          const before = printed.slice(0, -prompt.length)
          end(() => resolve({ status: Number(status), printed: before }))
        }
        const answer = answerTo(printed, shown)
        // What only moves the cursor asks nothing again.
        if (answer === undefined || printed.length === answered) return
        answered = printed.length
        child.stdin.write(`${answer}\n`)
      }
      const late = setTimeout(() => end(() => reject(new Error(`it does not end\n${raw}`))), PATIENCE_MS)
      const end = (settle: () => void) => {
        clearTimeout(late)
        child.stdout.off('data', read)
        settle()
      }
      child.stdout.on('data', read)
      child.stdin.write(`${command}\n`)
    })
  // Else what is typed would be in what is printed.
  await type("PS1='«$?»' PS2=; stty -echo", '')
  return { type, close: () => child.kill('SIGKILL') }
}

/** What fails until another process is ready, which it is by the time that a reader has typed the command. */
const SOON = /^(?:ypldapctl status|ypwhich)\b/
const TRIES = 100
const PAUSE_MS = 100
/** of one command */
const PATIENCE_MS = 120_000

/** Throws with what came instead. */
async function follow({ typed, shown = '…' }: Step, terminal: Terminal): Promise<void> {
  for (let left = SOON.test(typed) ? TRIES : 1; ; left -= 1) {
    const { status, printed } = await terminal.type(substituted(typed), shown)
    if (status === 0 && isShown(shown, printed)) return
    if (left === 1) throw new Error(`exit status ${status}\n${printed}where the text has\n${shown}`)
    await sleep(PAUSE_MS)
  }
}

/** Throws where a step is not as the text says. */
async function followAll(steps: readonly Step[], terminals: ReadonlyMap<string, Terminal>): Promise<void> {
  for (const { of, why } of needless(steps)) throw new Error(`nothing is replaced for ${of}: ${why}`)
  for (const step of steps) {
    const terminal = terminals.get(step.host)
    if (terminal === undefined) throw new Error(`there is no host "${step.host}"`)
    process.stdout.write(`${step.host}: ${step.typed}\n`)
    await follow(step, terminal)
  }
}

async function main([file = '', heading = '', ...hosts]: readonly string[]): Promise<number> {
  const terminals = new Map<string, Terminal>()
  try {
    const steps = stepsOf(readFileSync(file, 'utf8'), heading)
    for (const host of hosts) {
      const [name = '', ...shell] = host.split('=')
      terminals.set(name, await openTerminal(shell.join('=')))
    }
    await followAll(steps, terminals)
    process.stdout.write(`${file}, "${heading}": ${steps.length} steps, all as the text says\n`)
    return 0
  } catch (error) {
    process.stderr.write(`${file}, "${heading}": ${(error as Error).message}\n`)
    return 1
  } finally {
    for (const { close } of terminals.values()) close()
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
