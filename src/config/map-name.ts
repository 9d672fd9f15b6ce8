import { BadValue } from './bad-value.ts'
import { MAX_MAP_NAME } from './limits.ts'

/** Gives the name back. Throws BadValue. */
export function parseMapName(text: string): string {
  if (/^[!-.0-~]+$/.test(text) && text.length <= MAX_MAP_NAME) return text
  throw new BadValue(
    `not the name of a map, expected up to ${MAX_MAP_NAME} characters without blanks and slashes`,
  )
}
