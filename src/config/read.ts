import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { MAX_FILE } from './limits.ts'

export interface FileText {
  readonly text: string
  /** the same for two paths to one file */
  readonly identity: string
}

/** `file` is absent when nothing could be read; `faults` say why, or what else is wrong with the file. */
export interface FileReading {
  readonly file?: FileText
  readonly faults: readonly string[]
}

export type ReadFile = (path: string) => FileReading

/** Reads a configuration file, which may hold a password, and judges who may read and write it. */
export function readFile(path: string): FileReading {
  return read(path, SECRET)
}

/** Reads a file that holds no secret, and judges who may write it. */
export function readPublicFile(path: string): FileReading {
  return read(path, PUBLIC)
}

/** All is asked of the opened descriptor, so that no other file can take its place in between. */
function read(path: string, kind: Kind): FileReading {
  let descriptor: number
  try {
    // Without O_NONBLOCK, opening a FIFO waits for a writer.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch (error) {
    return { faults: [`cannot open ${path}: ${reason(error)}, expected a readable file`] }
  }
  try {
    return readOpened(path, descriptor, kind)
  } catch (error) {
    return { faults: [`cannot read ${path}: ${reason(error)}, expected a readable file`] }
  } finally {
    closeSync(descriptor)
  }
}

function readOpened(path: string, descriptor: number, kind: Kind): FileReading {
  const stats = fstatSync(descriptor)
  if (!stats.isFile()) return { faults: [`${path} is no regular file, expected one`] }
  const faults = faultsOf(path, stats, process.getuid?.() ?? 0, kind)
  const bytes = Buffer.alloc(MAX_FILE + 1)
  let length = 0
  while (length < bytes.length) {
    const count = readSync(descriptor, bytes, length, bytes.length - length, null)
    if (count === 0) break
    length += count
  }
  if (length > MAX_FILE) return { faults: [...faults, `${path} is too large, expected at most 1 MiB`] }
  const text = new TextDecoder().decode(bytes.subarray(0, length))
  return { file: { text, identity: `${stats.dev}:${stats.ino}` }, faults }
}

/** Who may do what with a file. */
interface Kind {
  /** bits of its mode that are refused */
  readonly forbidden: number
  readonly expected: string
}

const SECRET: Kind = {
  forbidden: 0o037,
  expected: 'no write or execute for the group and nothing for others',
}
const PUBLIC: Kind = { forbidden: 0o022, expected: 'no write for the group or others' }

function faultsOf(path: string, stats: Stats, user: number, { forbidden, expected }: Kind): string[] {
  const faults: string[] = []
  if (stats.uid !== 0 && stats.uid !== user) {
    const owner = user === 0 ? '0 (root)' : `0 (root) or ${user}`
    faults.push(`${path} belongs to uid ${stats.uid}, expected ${owner}; run: chown root ${shellWord(path)}`)
  }
  const mode = stats.mode & 0o7777
  if ((mode & forbidden) !== 0) {
    const safe = octal(mode & ~forbidden)
    faults.push(
      `${path} has mode ${octal(mode)}, expected ${expected}; run: chmod ${safe} ${shellWord(path)}`,
    )
  }
  return faults
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

function shellWord(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  switch (code) {
    case 'ENOENT':
      return 'no such file'
    case 'EACCES':
      return 'permission denied'
    default:
      return code
  }
}
