/**
 * Groups by the draft that follows RFC 2307, whose members are DNs, of users and of further groups; and what the maps
 * must hold, written down by hand. For rfc2307bis.schema.
 */
import { LAB_DOMAIN } from './lab-host.ts'

export const BIS_SUFFIX = 'dc=bis,dc=example'

function entry(rdn: string, classes: string, ...lines: readonly string[]): string {
  const objectClasses = classes.split(' ').map((name) => `objectClass: ${name}`)
  return `dn: ${rdn},${BIS_SUFFIX}\n${[...objectClasses, ...lines].join('\n')}\n\n`
}

const userDn = (uid: string) => `uid=${uid},ou=people,${BIS_SUFFIX}`
const groupDn = (cn: string) => `cn=${cn},ou=groups,${BIS_SUFFIX}`

const user = (uid: string, number: string, gid: string, unit = 'people') =>
  entry(
    `uid=${uid},ou=${unit}`,
    'account posixAccount',
    `uid: ${uid}`,
    `cn: ${uid}`,
    `uidNumber: ${number}`,
    `gidNumber: ${gid}`,
    `gecos: User ${uid}`,
    `homeDirectory: /home/${uid}`,
    'loginShell: /bin/sh',
  )

const group = (cn: string, gid: string, ...members: readonly string[]) =>
  entry(
    `cn=${cn},ou=groups`,
    'groupOfNames posixGroup',
    `cn: ${cn}`,
    `gidNumber: ${gid}`,
    ...members.map((dn) => `member: ${dn}`),
  )

/** Groups that are as deep in each other as is followed, and one that is deeper. */
const DEPTH = 64
const chain = Array.from({ length: DEPTH + 1 }, (_, depth) => `deep${String(depth).padStart(2, '0')}`)

/** Users are those of ou=people, groups those of ou=groups. */
export const BIS_LDIF = [
  `dn: ${BIS_SUFFIX}\nobjectClass: domain\ndc: bis\n\n`,
  ...['people', 'groups', 'elsewhere'].map((name) => entry(`ou=${name}`, 'organizationalUnit')),
  user('alice', '10001', '20001'),
  user('bob', '10002', '20001'),
  user('carol', '10003', '20002'),
  user('dave', '10004', '20002', 'elsewhere'),
  // DNs mean the same however they are written (RFC 4514 s.2).
  group('engineering', '20001', userDn('alice'), `UID = bob, OU=People, ${BIS_SUFFIX.toUpperCase()}`),
  // By name and by DN, and by both at once.
  entry(
    'cn=operations,ou=groups',
    'groupOfNames posixGroup',
    'cn: operations',
    'gidNumber: 20002',
    'memberUid: carol',
    'memberUid: alice',
    `member: ${userDn('bob')}`,
    `member: ${userDn('alice')}`,
  ),
  group('staff', '20003', groupDn('engineering'), groupDn('building')),
  // No group of POSIX, but on the way to one's members.
  entry('cn=building,ou=groups', 'groupOfNames', 'cn: building', `member: ${userDn('carol')}`),
  group('circle-a', '20004', userDn('alice'), groupDn('circle-b')),
  group('circle-b', '20005', groupDn('circle-a'), userDn('carol')),
  group('own-member', '20006', groupDn('own-member'), userDn('bob')),
  group('visiting', '20007', `uid=dave,ou=elsewhere,${BIS_SUFFIX}`, userDn('gone'), userDn('bob')),
  entry(
    'cn=unique,ou=groups',
    'groupOfUniqueNames posixGroup',
    'cn: unique',
    'gidNumber: 20008',
    `uniqueMember: ${userDn('carol')}`,
  ),
  entry('cn=empty,ou=groups', 'organizationalRole posixGroup', 'cn: empty', 'gidNumber: 20009'),
  ...chain.map((name, depth) =>
    group(name, String(30000 + depth), depth === DEPTH ? userDn('carol') : groupDn(chain[depth + 1] ?? '')),
  ),
].join('')

const USERS = [
  ['alice', '10001', '20001'],
  ['bob', '10002', '20001'],
  ['carol', '10003', '20002'],
] as const

// From deep00 it is sixty-four steps to the last, which has the user.
const GROUPS = [
  ['circle-a', '20004', 'alice,carol'],
  ['circle-b', '20005', 'carol,alice'],
  ...chain.map((name, depth) => [name, String(30000 + depth), 'carol'] as const),
  ['empty', '20009', ''],
  ['engineering', '20001', 'alice,bob'],
  ['operations', '20002', 'carol,alice,bob'],
  ['own-member', '20006', 'bob'],
  ['staff', '20003', 'alice,bob,carol'],
  ['unique', '20008', 'carol'],
  // Who is no user here may be of a group all the same, if there is such an entry.
  ['visiting', '20007', 'bob,dave'],
] as const

const NETIDS = [
  ['10001', '20001,20004,20005,20002,20003'],
  ['10002', '20001,20002,20006,20003,20007'],
  ['10003', ['20002,20004,20005', ...chain.map((_, depth) => 30000 + depth), '20003,20008'].join(',')],
] as const

const passwd = USERS.map(([name, uid, gid]) => ({
  name,
  id: uid,
  line: `${name}:*:${uid}:${gid}:User ${name}:/home/${name}:/bin/sh`,
}))
const posixGroup = GROUPS.map(([name, gid, members]) => ({
  name,
  id: gid,
  line: `${name}:*:${gid}:${members}`,
}))

/** The order of the members of a group means nothing. */
export const BIS_MAPS = {
  'passwd.byname': passwd.map(({ name, line }) => [name, line] as const),
  'passwd.byuid': passwd.map(({ id, line }) => [id, line] as const),
  'group.byname': posixGroup.map(({ name, line }) => [name, line] as const),
  'group.bygid': posixGroup.map(({ id, line }) => [id, line] as const),
  'netid.byname': NETIDS.map(([uid, gids]) => [`unix.${uid}@${LAB_DOMAIN}`, `${uid}:${gids}`] as const),
} as const
