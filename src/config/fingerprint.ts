import { createHash } from 'node:crypto'
import type { DirectoryConfig, DomainConfig, MapConfig } from './config.ts'

/**
 * SHA-256 of all in the configuration of a domain that decides what its image holds. Where words stand in the file, how often
 * it refreshes, who may ask and how the directory is logged in to change nothing of that.
 */
export function fingerprint(config: DomainConfig): Buffer {
  const { domain, maps, recordLimit, overflow, admission, directories } = config
  const { minimumUid, minimumGid, refusedNames } = admission
  const admitted = [minimumUid, minimumGid, refusedNames]
  return createHash('sha256')
    .update(
      JSON.stringify([
        domain,
        maps.map(withoutAccess),
        recordLimit,
        overflow,
        admitted,
        directories.map(sourceOf),
      ]),
    )
    .digest()
}

/** All in a directory's block that decides which rows it gives, but for who asks; in one order. */
export function sourceOf(directory: DirectoryConfig): readonly unknown[] {
  const { location, userBase, groupBase, userFilter, groupFilter, schema, idmap, shadow, fields, tables } =
    directory
  return [
    location,
    [userBase.value, groupBase.value, userFilter.value, groupFilter.value],
    [schema, idmap, shadow, withoutPlaces(tables)],
    withoutPlaces(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))),
  ]
}

/** Who may ask changes nothing. */
function withoutAccess({ access: _access, ...map }: MapConfig): unknown {
  return map
}

/** Where a word stands in the file changes nothing. */
function withoutPlaces(part: unknown): unknown {
  return JSON.parse(JSON.stringify(part, (key, value: unknown) => (key === 'at' ? undefined : value)))
}
