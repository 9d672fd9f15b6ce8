/** Rows to an image, with what was left out on the way. */
import type { Admission } from './admit.ts'
import type { Counts } from './guard.ts'
import { CONTENTS_BYTES, Header } from './image-format.ts'
import { type ImageOptions, writeImage } from './image-writer.ts'
import { mergeRows, type Rejected } from './merge.ts'
import { LONGEST_LINE, longestLine, type RecordLimit } from './overflow.ts'
import { makeRecords, type ProvidedMap } from './records.ts'
import type { Rows } from './rows.ts'

export interface BuildOptions extends Omit<ImageOptions, 'users' | 'groups'>, RecordLimit {
  /** those that the configuration names; the limit of all is that of maps which are found */
  readonly maps: readonly ProvidedMap[]
  /** names of maps that carry hashes */
  readonly hashMaps: readonly string[]
  readonly admission: Admission
}

export interface Built {
  /** `transfer(0)` gives its memory back at once */
  readonly bytes: ArrayBuffer
  /** equal for two images that say the same, each of its time; in hex */
  readonly contents: string
  readonly counts: Counts
  /** rows left out, and parts of rows */
  readonly rejected: readonly Rejected[]
}

export function buildImage(directories: readonly Rows[], options: BuildOptions): Built {
  const merged = mergeRows(directories, options.admission, longestOf(options.maps))
  const rejected = [...merged.rejected]
  const over = (one: Rejected) => void rejected.push(one)
  const maps = makeRecords(merged, { ...options, over })
  const users = merged.users.rows.length
  const groups = merged.groups.rows.length
  const bytes = writeImage(maps, { ...options, users, groups })
  return {
    bytes,
    contents: Buffer.from(bytes, Header.contents, CONTENTS_BYTES).toString('hex'),
    counts: {
      users,
      groups,
      maps: maps.map(({ name, found, keys }) => ({ name, found, records: keys.length })),
    },
    rejected,
  }
}

/** The longest line that any map of users or groups can show; where there is none, no line is too long. */
export function longestOf(maps: readonly ProvidedMap[]): number {
  const longest = maps.filter(({ made }) => made === 'rows').map(longestLine)
  return longest.length > 0 ? Math.max(...longest) : LONGEST_LINE
}
