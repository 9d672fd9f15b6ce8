/** Shapes that several tables share. */
import { PART_ITEMS } from './limits.ts'
import { flag, integer, list, optional, record, text } from './shape.ts'

const MAX_WORDS = 4096

/** A name, a path, a reason: what fits on a line of a log. */
export const words = text(MAX_WORDS)
/** a number of things, of seconds since 1970, or of milliseconds that something took */
export const count = integer(0, Number.MAX_SAFE_INTEGER)
/** A request's, chosen by its sender and repeated by every part of the answer. */
export const id = count
export const domain = text(64)
export const mapName = text(64)
/** A key or a value of a map, one character a byte (see maps/rows.ts). */
export const octets = text(70_000)

/** As many as a configuration may name. */
export const MAX_DIRECTORIES = 256
export const MAX_MAPS = 4096

/** The records of a part of an answer. */
export const records = list(record({ key: octets, value: octets }), PART_ITEMS)

/** Rows that were left out, or parts of them; text as it is shown. */
export const rejectedRows = list(record({ directory: words, dn: words, reason: words }), PART_ITEMS)

/** An entry that could be a user's, or why there is none; `row` is a line of passwd(5) or ''. Text as it is shown. */
export const finding = record({
  directory: words,
  dn: words,
  attributes: list(record({ name: text(256), values: list(text(256), 5) }), 32),
  row: words,
  reasons: list(words, 16),
})

/** Of one user, in all directories of a domain. */
export const MAX_FINDINGS = 8

/** Of a SHA-256, in hex. */
export const digest = text(64)

/** What a reader sees while a directory is read: entries so far, milliseconds since its start. */
export const progress = { directory: words, entries: count, milliseconds: count }

/** The last part of an answer; with `error` it says why there is none, or no more. */
export const end = { id, error: optional(words) }

export const mapState = record({ name: mapName, records: count, secure: flag })

/** Text cut to what `words` takes, or to less: a DN or a server's own words may be of any length. */
export function clip(text: string, characters = MAX_WORDS): string {
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`
}
