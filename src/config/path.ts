import { BadValue } from './bad-value.ts'
import { MAX_PATH } from './limits.ts'

/** Gives the path back. Throws BadValue. */
export function parsePath(text: string): string {
  if (text === '') throw new BadValue('empty path, expected that of a file')
  return bounded(text, MAX_PATH)
}

/** The same for a path that means one thing wherever the program was started. Throws BadValue. */
export function parseAbsolutePath(text: string, most: number): string {
  if (!text.startsWith('/')) throw new BadValue('not an absolute path, expected one that begins with /')
  return bounded(text, most)
}

function bounded(path: string, most: number): string {
  if (Buffer.byteLength(path) <= most) return path
  throw new BadValue(`path is too long, expected at most ${most} bytes`)
}
