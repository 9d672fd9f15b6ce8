/**
 * A configuration with every default filled in, as a ypldap.conf that says the same, but for passwords: macros and
 * included files are resolved, a securenets file is its rules, what only a comment can say is a comment.
 */
import type { AdmissionConfig, Config, DomainConfig, Listen } from './config.ts'
import { accessLine } from './effective-access.ts'
import { effectiveDirectory } from './effective-directory.ts'
import { effectiveMaps } from './effective-maps.ts'
import { LIMIT_TABLE } from './limit-table.ts'
import { quoted } from './quoted.ts'

export function effectiveText(config: Config): string {
  const { bind, accounts, state, directoryMemory, udpWorkers, limits, domains } = config
  const lines = [
    `bind ${bind}`,
    ...listening(config),
    portmapping(config),
    ...measured(config),
    `user ${quoted(accounts.server)}`,
    `directory user ${quoted(accounts.directory)}`,
    state === undefined
      ? '# state directory: /var/lib/ypldap for root, else ypldap in XDG_STATE_HOME'
      : `state directory ${quoted(state)}`,
    control(config),
    `directory memory ${directoryMemory}`,
    `udp workers ${udpWorkers}`,
    ...LIMIT_TABLE.map(({ words, key }) => `limit ${words} ${limits[key]}`),
    ...domains.flatMap((domain) => ['', ...effectiveDomain(domain)]),
  ]
  return `${lines.join('\n')}\n`
}

function listening({ listen, bind }: Config): readonly string[] {
  if (listen.length > 0) return listen.map(listenLine)
  return [`# listen: ${bind === 'local' ? 'loopback' : 'every address'}, and a port of our choice`]
}

function portmapping({ portmapper }: Config): string {
  if (portmapper === undefined) return '# portmapper: that of this host'
  return `portmapper embedded${portmapper.broadcast ? ' broadcast' : ''}`
}

function measured({ metrics: { listen, user } }: Config): readonly string[] {
  const where = listen.map(({ address, port }) => `metrics listen ${quoted(address)} port ${port}`)
  return [...(where.length === 0 ? ['# metrics listen: nowhere'] : where), `metrics user ${quoted(user)}`]
}

function listenLine({ address, port }: Listen): string {
  const on = address === undefined ? '' : ` on ${quoted(address)}`
  return `listen${on}${port === 0 ? '' : ` port ${port}`}`
}

function control({ control: { socket, group } }: Config): string {
  if (socket === undefined)
    return '# control socket: /run/ypldap/control.sock for root, else ypldap.sock in XDG_RUNTIME_DIR'
  return `control socket ${quoted(socket)}${group === undefined ? '' : ` group ${quoted(group)}`}`
}

function effectiveDomain(config: DomainConfig): readonly string[] {
  const { domain, interval, recordLimit, overflow, guardShrink, expire, admission, access } = config
  // A cafile holds for all directories that follow.
  let ca: string | undefined
  const directories = config.directories.flatMap((directory) => {
    const before = directory.ca === undefined || directory.ca.value === ca ? [] : [directory.ca.value]
    ca = directory.ca?.value ?? ca
    return [...before.map((path) => `cafile ${quoted(path)}`), ...effectiveDirectory(directory)]
  })
  const lines = [
    `interval ${interval}`,
    expire === undefined ? '# expire: never' : `expire ${expire}`,
    `guard shrink ${guardShrink}`,
    `record limit ${recordLimit}`,
    `overflow ${overflow}`,
    ...admitted(admission),
    ...(access.length === 0 ? ['# allow from: nobody but this host'] : access.map(accessLine)),
    ...effectiveMaps(config),
    ...directories,
  ]
  return [`domain ${quoted(domain)} {`, ...lines.map((line) => `\t${line}`), '}']
}

/** Names of one line. */
const NAMES = 8

function admitted({ minimumUid, minimumGid, refusedNames }: AdmissionConfig): readonly string[] {
  const lines = [`minimum uid ${minimumUid}`, `minimum gid ${minimumGid}`]
  for (let at = 0; at < refusedNames.length; at += NAMES) {
    lines.push(
      `refuse names ${refusedNames
        .slice(at, at + NAMES)
        .map(quoted)
        .join(' ')}`,
    )
  }
  return lines
}
