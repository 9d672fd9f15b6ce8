/** What each child is told of the configuration: what it needs, and nothing else. */
import { hostname } from 'node:os'
import type { AccessRule, Config, DomainConfig } from '../config/config.ts'
import { fingerprint } from '../config/fingerprint.ts'
import type { LimitKey, LimitValues } from '../config/limit-table.ts'
import type { DirectoryLimits, DirectorySettings } from '../messages/directory.ts'
import type { ServerLimits, ServerSettings } from '../messages/server.ts'

export function directorySettings(
  config: DomainConfig,
  limits: DirectoryLimits,
  state: string,
): DirectorySettings {
  const { domain, interval, maps, recordLimit, overflow, admission, guardShrink, directories } = config
  return {
    kind: 'configure',
    domain,
    master: hostname(),
    interval,
    maps: maps.map(({ access: _access, ...map }) => map),
    recordLimit,
    overflow,
    admission,
    guardShrink,
    fingerprint: fingerprint(config).toString('hex'),
    state,
    limits,
    directories,
  }
}

export function directoryLimits({ limits }: Pick<Config, 'limits'>): DirectoryLimits {
  return pick(limits, [
    'ldapConnect',
    'ldapOperation',
    'ldapDeadline',
    'ldapMessage',
    'ldapEntries',
    'ldapValues',
  ])
}

export function serverLimits({ limits }: Pick<Config, 'limits'>): ServerLimits {
  return pick(limits, [
    'tcpRequest',
    'tcpFragments',
    'tcpIdle',
    'tcpUnfinished',
    'tcpStalled',
    'tcpConnections',
    'tcpConnectionsPerAddress',
    'tcpInFlight',
    'tcpOutbound',
    'udpReply',
    'udpRate',
    'udpRateDryRun',
  ])
}

function pick<Key extends LimitKey>(limits: LimitValues, keys: readonly Key[]): Pick<LimitValues, Key> {
  return Object.fromEntries(keys.map((key) => [key, limits[key]])) as Pick<LimitValues, Key>
}

export function serverSettings(config: DomainConfig): ServerSettings {
  const { domain, access, expire, maps, directories } = config
  return {
    kind: 'configure',
    domain,
    access: access.map(toMessage),
    expire: expire ?? null,
    maps: maps.map(({ name, secure, access: own }) => ({
      name,
      secure,
      ...(own !== undefined && { access: own.map(toMessage) }),
    })),
    found: directories.some(({ tables }) => tables.some(({ of }) => of.kind === 'found')),
  }
}

function toMessage({ prefix, ...rule }: AccessRule): ServerSettings['access'][number] {
  return { ...rule, prefix: [...prefix] }
}
