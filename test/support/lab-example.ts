/**
 * The example directory, etc/example.ldif, and what its maps must hold, written down by hand: text as UTF-8, the
 * members and groups in the order of the directory.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LAB_DOMAIN } from './lab-host.ts'

export const EXAMPLE_LDIF = readFileSync(join(import.meta.dirname, '../../etc/example.ldif'), 'utf8')
export const EXAMPLE_SUFFIX = 'dc=example,dc=com'

const LONG_HOME = '/export/nfs7/projects/turbine-simulation/home/with/a/rather/long/path/judy'

const USERS = [
  ['alice', '10001', '10100', 'Alice Archer,Room 1.12,+44 20 7946 0101', '/home/alice', '/bin/bash'],
  ['backup', '10012', '10104', 'Backup robot', '/var/backups', '/usr/sbin/nologin'],
  ['bob', '10002', '10100', 'Bob Baker,Room 1.14,+44 20 7946 0102', '/home/bob', '/bin/sh'],
  ['builder', '10011', '10101', 'Build robot', '/var/lib/builder', '/bin/sh'],
  ['chloe', '10003', '10100', 'Chloé Dürand', '/home/chloe', '/bin/zsh'],
  ['dmitri', '10004', '10101', 'Дмитрий Орлов', '/home/dmitri', '/bin/bash'],
  ['erin', '10005', '10101', 'Erin Eriksen,Room 2.01,+44 20 7946 0105', '/home/erin', '/bin/ksh'],
  ['frank', '10006', '10101', 'Frank Fischer', '/home/frank', '/bin/bash'],
  ['grace', '10007', '10102', 'Grace Green,Room 3.20,+44 20 7946 0107', '/home/grace', '/bin/csh'],
  ['heidi', '10008', '10102', 'Heidi Huber', '/home/heidi', '/bin/bash'],
  ['ivan', '10009', '10100', 'Ivan Ivanov (left)', '/nonexistent', '/usr/sbin/nologin'],
  ['judy', '10010', '10103', 'Judy Jones,Room 3.21,+44 20 7946 0110', LONG_HOME, '/bin/bash'],
] as const

const GROUPS = [
  ['engineering', '10101', 'dmitri,erin,frank,builder'],
  ['operations', '10104', 'alice,erin,backup'],
  ['printing', '10105', 'alice,bob,heidi'],
  ['remote', '10106', 'alice,dmitri'],
  ['research', '10102', 'grace,heidi'],
  ['simulation', '10103', 'judy,grace'],
  ['staff', '10100', 'alice,bob,chloe,dmitri,erin,frank,grace,heidi,judy'],
  ['visitors', '10107', ''],
] as const

/** The primary group first, then the others in the order of their names. */
const NETIDS = [
  ['10001', '10001:10100,10104,10105,10106'],
  ['10002', '10002:10100,10105'],
  ['10003', '10003:10100'],
  ['10004', '10004:10101,10106,10100'],
  ['10005', '10005:10101,10104,10100'],
  ['10006', '10006:10101,10100'],
  ['10007', '10007:10102,10103,10100'],
  ['10008', '10008:10102,10105,10100'],
  ['10009', '10009:10100'],
  ['10010', '10010:10103,10100'],
  ['10011', '10011:10101'],
  ['10012', '10012:10104'],
] as const

const passwd = USERS.map(([name, uid, gid, ...rest]) => [name, uid, [name, '*', uid, gid, ...rest].join(':')])
// A class there is none, a password and an account that never expire.
const master = USERS.map(([name, uid, gid, ...rest]) => [
  name,
  uid,
  [name, '*', uid, gid, '', '0', '0', ...rest].join(':'),
])
const group = GROUPS.map(([name, gid, members]) => [name, gid, [name, '*', gid, members].join(':')])

type Record = readonly [key: string, value: string]

const byName = (rows: readonly string[][]): readonly Record[] =>
  rows.map(([name = '', , line = '']) => [name, line] as const)
const byId = (rows: readonly string[][]): readonly Record[] =>
  rows.map(([, id = '', line = '']) => [id, line] as const).sort(([a], [b]) => Number(a) - Number(b))

/** Records in ascending order of the key, by map in the order of MAPLIST. */
export const EXAMPLE_MAPS = {
  'passwd.byname': byName(passwd),
  'passwd.byuid': byId(passwd),
  'master.passwd.byname': byName(master),
  'master.passwd.byuid': byId(master),
  'group.byname': byName(group),
  'group.bygid': byId(group),
  'netid.byname': NETIDS.map(([uid, value]) => [`unix.${uid}@${LAB_DOMAIN}`, value] as const),
} as const satisfies { readonly [map: string]: readonly Record[] }
