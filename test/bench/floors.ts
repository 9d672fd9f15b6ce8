/** Servers that do nothing but answer: what is left to gain. In C where a compiler is there, in JavaScript everywhere. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { labFolder, run, startProcess } from '../support/lab.ts'
import { domainOf, mapsOf } from './data.ts'
import { encodedAll } from './encoded-all.ts'
import { writeEntries } from './entries-file.ts'
import { loadNative } from './native.ts'
import type { Server } from './servers.ts'

export type Floor = 'batched' | 'dgram' | 'sender' | 'c-match' | 'c-all'

/** Undefined where it needs koffi, or a compiler, and there is none. */
export async function startFloor(subject: Floor, users: number): Promise<Server | undefined> {
  const command = await commandOf(subject, users)
  if (command === undefined) return undefined
  const [program, ...words] = command
  const floor = await startProcess(program, words, { ready: (output) => /^\d+\n/.test(output) })
  return {
    subject,
    port: Number.parseInt(floor.output(), 10),
    pid: floor.pid,
    pids: [floor.pid],
    constant: subject === 'batched' || subject === 'dgram',
    stop: () => floor.stop('SIGKILL'),
  }
}

async function commandOf(subject: Floor, users: number): Promise<readonly [string, ...string[]] | undefined> {
  if (subject !== 'c-match' && subject !== 'c-all') {
    if (subject === 'batched' && loadNative() === undefined) return undefined
    return [process.execPath, join(import.meta.dirname, 'floor.ts'), subject, String(users)]
  }
  const program = await compiled()
  if (program === undefined) return undefined
  const file = join(labFolder('floor'), 'data')
  if (subject === 'c-all') {
    writeFileSync(file, encodedAll(users))
    return [program, 'all', file]
  }
  writeEntries(file, linesOf(users))
  return [program, 'match', domainOf(users), file]
}

function* linesOf(users: number): Generator<string> {
  for (const [map, records] of Object.entries(mapsOf(users))) {
    for (const [key, value] of records) yield `${map}\t${key}\t${value}\n`
  }
}

let compiling: Promise<string | undefined> | undefined

/** floor.c as a program, made once. */
export function compiled(): Promise<string | undefined> {
  compiling ??= compile()
  return compiling
}

async function compile(): Promise<string | undefined> {
  const program = join(labFolder('floor'), 'floor')
  const words = ['-O2', '-o', program, join(import.meta.dirname, 'floor.c')]
  const done = await run('cc', words).catch(() => undefined)
  return done?.status === 0 ? program : undefined
}
