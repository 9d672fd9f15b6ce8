/**
 * Five users and three groups, as records of NIS maps.
 */

import { LAB_DOMAIN } from './lab-host.ts'

type Records = readonly (readonly [key: string, value: string])[]

const USERS = [
  ['alice', '10001', '20001', 'Alice Adams,Room 1,,', '/home/alice', '/bin/bash'],
  ['bob', '10002', '20001', 'Bob', '/home/bob', '/bin/sh'],
  ['carol', '10003', '20002', '', '/home/carol', '/bin/bash'],
  ['dave', '10004', '20002', 'Dävid', '/home/dave', ''],
  ['erin', '10005', '20003', 'Erin', '/home/erin', '/bin/bash'],
] as const

const GROUPS = [
  ['staff', '20001', []],
  ['wheel', '20002', ['alice', 'bob']],
  ['project', '20003', ['alice', 'carol', 'erin']],
] as const

const passwd = USERS.map(([name, uid, gid, gecos, home, shell]) => ({
  name,
  uid,
  line: [name, '*', uid, gid, gecos, home, shell].join(':'),
}))
const group = GROUPS.map(([name, gid, members]) => ({
  name,
  gid,
  line: [name, '*', gid, members.join(',')].join(':'),
}))
/** What libnss_nis takes for the group list of a user when NETID_AUTHORITATIVE is set. */
const netid = USERS.map(([name, uid, gid]) => {
  const further = GROUPS.filter(([, , members]) => (members as readonly string[]).includes(name))
  return [`unix.${uid}@${LAB_DOMAIN}`, `${uid}:${[gid, ...further.map(([, gid]) => gid)].join(',')}`] as const
})

export const LAB_MAPS = {
  'passwd.byname': passwd.map(({ name, line }) => [name, line] as const),
  'passwd.byuid': passwd.map(({ uid, line }) => [uid, line] as const),
  'group.byname': group.map(({ name, line }) => [name, line] as const),
  'group.bygid': group.map(({ gid, line }) => [gid, line] as const),
  'netid.byname': netid,
} as const satisfies Record<string, Records>
