/** Rows to an image, with what was left out on the way. */
import type { Counts } from './guard.ts'
import { type ImageOptions, writeImage } from './image-writer.ts'
import { mergeRows, type Rejected } from './merge.ts'
import { makeRecords } from './records.ts'
import type { Rows } from './rows.ts'

export interface BuildOptions extends Omit<ImageOptions, 'users' | 'groups'> {
  readonly maps: readonly string[]
  /** bytes a value may have */
  readonly recordLimit: number
}

export interface Built {
  readonly bytes: ArrayBuffer
  readonly counts: Counts
  /** rows left out, and parts of rows */
  readonly rejected: readonly Rejected[]
}

export function buildImage(directories: readonly Rows[], options: BuildOptions): Built {
  const { domain, recordLimit } = options
  const merged = mergeRows(directories, recordLimit)
  const rejected = [...merged.rejected]
  const records = makeRecords(options.maps, merged, { domain, recordLimit, cut: (cut) => rejected.push(cut) })
  const users = merged.users.length
  const groups = merged.groups.length
  return {
    bytes: writeImage(records, { ...options, users, groups }),
    counts: { users, groups, maps: records.map(({ name, keys }) => ({ name, records: keys.length })) },
    rejected,
  }
}
