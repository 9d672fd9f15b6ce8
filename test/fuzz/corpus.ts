/** Files of inputs, a line each: a JSON string, one character a byte, or hex where that would not be read. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

export type Kind = 'corpus' | 'regressions'

/** Inputs that were found to reach more than the seeds do, or that were too much for the code once. */
export function readInputs(kind: Kind, target: string): Buffer[] {
  const path = inputsPath(kind, target)
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) =>
      line.startsWith('"') ? Buffer.from(JSON.parse(line) as string, 'latin1') : Buffer.from(line, 'hex'),
    )
}

/** No file where there are no inputs. */
export function writeCorpus(target: string, inputs: readonly Buffer[]): void {
  const path = inputsPath('corpus', target)
  rmSync(path, { force: true })
  if (inputs.length === 0) return
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, inputs.map((input) => `${formatInput(input)}\n`).join(''))
}

/** Adds an input to those that every run begins with, under a line that says what came of it. */
export function addRegression(target: string, input: Buffer, reason: string): void {
  const path = inputsPath('regressions', target)
  mkdirSync(dirname(path), { recursive: true })
  const comment = reason.replaceAll('\n', ' ').slice(0, 200)
  writeFileSync(path, `# ${comment}\n${formatInput(input)}\n`, { flag: 'a' })
}

export function inputsPath(kind: Kind, target: string): string {
  return new URL(`${kind}/${target}.txt`, import.meta.url).pathname
}

export function formatInput(input: Buffer): string {
  const readable = input.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x09)
  return readable || input.length === 0 ? JSON.stringify(input.toString('latin1')) : input.toString('hex')
}
