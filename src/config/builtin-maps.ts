/**
 * The maps that ypldap brings along. Those of users and groups are made by rules of their own (maps/records.ts); the
 * others are tables, described as a `map` block of the file would describe them: RFC 2307 and RFC 2307bis by default.
 */

/** Texts of templates, but for `filter`; see TableConfig. */
export interface BuiltinTable {
  readonly filter: string
  readonly each?: string
  readonly key?: string
  readonly aliases?: string
  readonly value?: string
}

/** What stands between blanks in a line. */
const WORD = String.raw`must /^[^\x00-\x20#]+$/`

/** An official name, and in a line all names of an entry, the official one first. */
const NAME = `{names cn | first | ${WORD}}`
const ALIASES = `{names cn | rest | ${WORD}}`
const HOST = `{names cn | first | ${WORD} | lower}`
const HOST_ALIASES = `{names cn | rest | ${WORD} | lower}`

/** Behind something else in a line. */
const FURTHER_NAMES = `{" ${ALIASES}" | join ''}`

/** `name number alias …`, as networks(5), protocols(5) and rpc(5) have it. */
function numbered(number: string): string {
  return `${NAME} {${number}}${FURTHER_NAMES}`
}

const HOSTS = {
  filter: '(objectClass=ipHost)',
  value: `{it}\t${NAME}${FURTHER_NAMES}`,
}
const IPV4 = '{ipHostNumber | ipv4 | unique | sort}'
const ANY_IP = '{[ipHostNumber | ipv6 | unique | sort, ipHostNumber | ipv4 | unique | sort]}'
/** A line has one address: the first. */
const first = (list: string) => `{"${list}" | first}`

const ETHERS = '(&(objectClass=ieee802Device)(macAddress=*))'
const NETWORKS = '(objectClass=ipNetwork)'
const NETWORK = numbered('ipNetworkNumber | must /^[0-9.]+$/ | first')
const PROTOCOLS = '(objectClass=ipProtocol)'
const PROTOCOL = numbered('ipProtocolNumber | number | first')
const RPCS = '(objectClass=oncRpc)'
const RPC = numbered('oncRpcNumber | number | first')

const SERVICES = {
  filter: '(objectClass=ipService)',
  each: String.raw`{ipServiceProtocol | must /^[^\x00-\x20#\/]+$/ | unique | sort}`,
  value: `${NAME} {ipServicePort | number | first}/{it}${FURTHER_NAMES}`,
}

const MEMBER = String.raw`must /^(?:[^,"]|"[^"]*")+$/`

/** No part of a triple, nor of a list of names. */
export const NETGROUP = String.raw`must /^[^\x00-\x20#(),]+$/`

/** Just one. */
export const TRIPLE = String.raw`must /^\([^(),#]*,[^(),#]*,[^(),#]*\)$/`

/** By the name of the map. */
export const BUILTIN_TABLES: Readonly<Record<string, BuiltinTable>> = {
  netgroup: {
    filter: '(objectClass=nisNetgroup)',
    key: `{names cn | first | ${NETGROUP}}`,
    aliases: `{names cn | rest | ${NETGROUP}}`,
    value: `{[nisNetgroupTriple | ${TRIPLE}, memberNisNetgroup | ${NETGROUP}] | join ' '}`,
  },
  'hosts.byname': { ...HOSTS, each: first(IPV4), key: HOST, aliases: HOST_ALIASES },
  'hosts.byaddr': { ...HOSTS, each: IPV4, key: '{it}' },
  'ipnodes.byname': { ...HOSTS, each: first(ANY_IP), key: HOST, aliases: HOST_ALIASES },
  'ipnodes.byaddr': { ...HOSTS, each: ANY_IP, key: '{it}' },
  'ethers.byname': {
    filter: ETHERS,
    key: NAME,
    aliases: ALIASES,
    value: `{macAddress | mac | sort | first} ${NAME}`,
  },
  'ethers.byaddr': {
    filter: ETHERS,
    each: '{macAddress | mac | unique | sort}',
    key: '{it}',
    value: `{it} ${NAME}`,
  },
  'networks.byname': { filter: NETWORKS, key: NAME, aliases: ALIASES, value: NETWORK },
  'networks.byaddr': {
    filter: NETWORKS,
    key: '{ipNetworkNumber | must /^[0-9.]+$/ | first}',
    // Some clients leave out the zeros at the end, some don't.
    aliases: String.raw`{ipNetworkNumber | replace /(\.0)+$/ ''}`,
    value: NETWORK,
  },
  'netmasks.byaddr': {
    filter: '(&(objectClass=ipNetwork)(ipNetmaskNumber=*))',
    key: '{ipNetworkNumber | must /^[0-9.]+$/ | first}',
    value: '{ipNetmaskNumber | must /^[0-9.]+$/ | first}',
  },
  'protocols.byname': { filter: PROTOCOLS, key: NAME, aliases: ALIASES, value: PROTOCOL },
  'protocols.bynumber': { filter: PROTOCOLS, key: '{ipProtocolNumber | number | first}', value: PROTOCOL },
  'services.byname': { ...SERVICES, key: '{ipServicePort | number | first}/{it}' },
  'services.byservicename': {
    ...SERVICES,
    key: `${NAME}/{it}`,
    aliases: `{["${ALIASES}/{it}", "${NAME}", "${ALIASES}"]}`,
  },
  'rpc.byname': { filter: RPCS, key: NAME, aliases: ALIASES, value: RPC },
  'rpc.bynumber': { filter: RPCS, key: '{oncRpcNumber | number | first}', value: RPC },
  bootparams: {
    filter: '(&(objectClass=bootableDevice)(bootParameter=*))',
    key: NAME,
    aliases: ALIASES,
    value: `{bootParameter | ${WORD} | join ' '}`,
  },
  'mail.aliases': {
    filter: '(objectClass=nisMailAlias)',
    key: '{names cn | first | lower}',
    aliases: '{names cn | rest | lower}',
    value: `{rfc822MailMember | ${MEMBER} | join ','}`,
  },
  'mail.byaddr': {
    filter: '(objectClass=nisMailAlias)',
    key: `{rfc822MailMember | ${MEMBER} | lower}`,
    value: '{names cn | first}',
  },
  'publickey.byname': {
    filter: '(objectClass=nisKeyObject)',
    key: 'unix.{if (uidNumber=*) then "{uidNumber | number | first}" else "{names cn | first}"}@{domain}',
    value: '{nisPublicKey | @HEX}:{nisSecretKey | @HEX}'.replaceAll(
      '@HEX',
      String.raw`extract /^(?:\{dh192-0\})?([0-9a-f]+)$/i '\1' | first`,
    ),
  },
  ypservers: {
    filter: '(&(objectClass=nisObject)(nisMapName=ypservers))',
    key: NAME,
    value: NAME,
  },
}

/** Made of users and groups, and of tables of another name; in the order of MAPLIST. */
export const ROW_MAPS = [
  'passwd.byname',
  'passwd.byuid',
  'master.passwd.byname',
  'master.passwd.byuid',
  'shadow.byname',
  'passwd.adjunct.byname',
  'group.byname',
  'group.bygid',
  'netid.byname',
  'netgroup.byuser',
  'netgroup.byhost',
  'ypservers',
] as const

/** The tables that a map made by rules of its own takes besides users and groups. */
export const TABLES_OF_ROW_MAPS: Readonly<Record<string, string>> = {
  'netgroup.byuser': 'netgroup',
  'netgroup.byhost': 'netgroup',
  ypservers: 'ypservers',
}

/** They are for hashes alone: who provides one wants them shown there. */
export const HASH_MAPS: readonly string[] = ['shadow.byname', 'passwd.adjunct.byname']

/** They carry hashes. */
export const SECURE_MAPS: readonly string[] = ['master.passwd.byname', 'master.passwd.byuid', ...HASH_MAPS]

/** What the original serves, whatever it is told. */
export const ORIGINAL_MAPS: readonly string[] = [
  'passwd.byname',
  'passwd.byuid',
  'master.passwd.byname',
  'master.passwd.byuid',
  'group.byname',
  'group.bygid',
  'netid.byname',
]

const ACCOUNTS = ['passwd.byname', 'passwd.byuid', 'group.byname', 'group.bygid', 'netid.byname']
const NETGROUPS = ['netgroup', 'netgroup.byuser', 'netgroup.byhost']
const HOST_MAPS = [
  'hosts.byname',
  'hosts.byaddr',
  'ipnodes.byname',
  'ipnodes.byaddr',
  'ethers.byname',
  'ethers.byaddr',
  'networks.byname',
  'networks.byaddr',
  'netmasks.byaddr',
  'bootparams',
]
const NUMBERS = [
  'protocols.byname',
  'protocols.bynumber',
  'services.byname',
  'services.byservicename',
  'rpc.byname',
  'rpc.bynumber',
]

/** `provide maps GROUP`; maps that carry hashes are named one by one. */
export const MAP_GROUPS: Readonly<Record<string, readonly string[]>> = {
  accounts: ACCOUNTS,
  netgroups: NETGROUPS,
  hosts: HOST_MAPS,
  rfc2307: [...ACCOUNTS, ...NETGROUPS, ...HOST_MAPS, ...NUMBERS],
  mail: ['mail.aliases', 'mail.byaddr'],
  automount: [],
  nisobject: [],
}

/** In the order of MAPLIST. */
export const BUILTIN_MAPS: readonly string[] = [
  ...ROW_MAPS.filter((name) => name !== 'ypservers'),
  ...Object.keys(BUILTIN_TABLES),
]
