import { BadValue } from './bad-value.ts'

/** Gives the path back. Throws BadValue. */
export function parsePath(text: string): string {
  if (text === '') throw new BadValue('empty path, expected that of a file')
  return text
}
