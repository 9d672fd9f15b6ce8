/** What the maps of a configuration would hold: the directory is read whole and judged as a refresh judges it. */
import { hostname } from 'node:os'
import { MAP_GROUPS, SECURE_MAPS } from '../config/builtin-maps.ts'
import type { DirectoryConfig, DomainConfig } from '../config/config.ts'
import { fingerprint } from '../config/fingerprint.ts'
import { fetchDirectory } from '../directory/fetch.ts'
import { admissionOf } from '../directory/publisher.ts'
import { buildImage } from '../maps/build.ts'
import type { Counts } from '../maps/guard.ts'
import type { Rejected } from '../maps/merge.ts'

export interface Survey {
  readonly counts: Counts
  readonly rejected: readonly Rejected[]
  readonly milliseconds: number
}

/** @throws DirectoryError */
export async function survey(
  config: DomainConfig,
  directory: DirectoryConfig,
  entry: (count: number) => void,
): Promise<Survey> {
  const { domain, maps, recordLimit, overflow } = config
  const rows = await fetchDirectory(directory, new AbortController().signal, { domain, entry })
  const { bytes, counts, rejected } = buildImage([rows], {
    domain,
    master: hostname(),
    maps,
    hashMaps: SECURE_MAPS,
    admission: admissionOf(config),
    recordLimit,
    overflow,
    created: Math.floor(Date.now() / 1000),
    generation: 1,
    fingerprint: fingerprint(config),
  })
  bytes.transfer(0)
  return { counts, rejected, milliseconds: rows.milliseconds }
}

/** Groups of maps that a directory may have something for; those of accounts are always served. */
export const SURVEYED = ['accounts', 'netgroups', 'hosts', 'mail', 'automount'] as const

/** Those of them for which there is anything. */
export function groupsWithRecords({ maps }: Counts): readonly string[] {
  const isOf = (group: string) =>
    group === 'automount'
      ? maps.some(({ found }) => found === true)
      : maps.some(({ name, records }) => records > 0 && MAP_GROUPS[group]?.includes(name) === true)
  return SURVEYED.filter((group) => group === 'accounts' || isOf(group))
}
