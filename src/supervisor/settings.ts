/** What each child is told of the configuration: what it needs, and nothing else. */
import { hostname } from 'node:os'
import type { DomainConfig } from '../config/config.ts'
import { fingerprint } from '../config/fingerprint.ts'
import type { DirectorySettings } from '../messages/directory.ts'
import type { ServerSettings } from '../messages/server.ts'

export function directorySettings(config: DomainConfig, state: string): DirectorySettings {
  const { domain, interval, maps, recordLimit, overflow, guardShrink, directories } = config
  return {
    kind: 'configure',
    domain,
    master: hostname(),
    interval,
    maps,
    recordLimit,
    overflow,
    guardShrink,
    fingerprint: fingerprint(config).toString('hex'),
    state,
    directories,
  }
}

export function serverSettings(config: DomainConfig): ServerSettings {
  const { domain, access, expire, maps, directories } = config
  return {
    kind: 'configure',
    domain,
    access: access.map(({ verdict, prefix, bits }) => ({ verdict, prefix: [...prefix], bits })),
    expire: expire ?? null,
    maps: maps.map(({ name, secure }) => ({ name, secure })),
    found: directories.some(({ tables }) => tables.some(({ of }) => of.kind === 'found')),
  }
}
