/**
 * A domain of Active Directory, and what its maps must hold, written down by hand. Two subtrees: OU=Lab with one of each
 * kind of entry, OU=Bulk with a group of more members than Windows gives at a time.
 */
import { AD_SUFFIX, adPassword } from './lab-ad.ts'
import { LAB_DOMAIN } from './lab-host.ts'

export const AD_LAB = `OU=Lab,${AD_SUFFIX}`
export const AD_BULK = `OU=Bulk,${AD_SUFFIX}`

/** An account without rights of its own: what every user of the domain may read. */
export const AD_READER = { dn: `CN=Reader,CN=Users,${AD_SUFFIX}`, password: 'Reader-secret1' } as const

// userAccountControl (MS-ADTS 2.2.16): NORMAL_ACCOUNT is 512, and 32 lets it do without a password, 2 disables it.
const ENABLED = 544
const DISABLED = 546

// groupType (MS-ADTS 2.2.12): the sign bit tells a group of security from a list for mail.
const GLOBAL = -2147483646
const DOMAIN_LOCAL = -2147483644
const GLOBAL_DISTRIBUTION = 2

interface Named {
  /** cn */
  readonly cn: string
  /** sAMAccountName */
  readonly name: string
  /** further lines */
  readonly lines?: readonly string[]
}

function user({ cn, name, control = ENABLED, lines = [] }: Named & { readonly control?: number }): string {
  return record(
    `CN=${cn},OU=People,${AD_LAB}`,
    'objectClass: user',
    `sAMAccountName: ${name}`,
    `userAccountControl: ${control}`,
    ...lines,
  )
}

interface Group extends Named {
  readonly type?: number
  /** RDNs within OU=Lab, or whole DNs */
  readonly members?: readonly string[]
}

function group({ cn, name, type = GLOBAL, lines = [], members = [] }: Group): string {
  return record(
    `CN=${cn},OU=Groups,${AD_LAB}`,
    'objectClass: group',
    `sAMAccountName: ${name}`,
    `groupType: ${type}`,
    ...lines,
    ...members.map((member) => `member: ${member}`),
  )
}

function record(dn: string, ...lines: readonly string[]): string {
  return `dn: ${dn}\n${lines.join('\n')}\n\n`
}

const unit = (dn: string) => record(dn, 'objectClass: organizationalUnit')
const person = (cn: string) => `CN=${cn},OU=People,${AD_LAB}`
const groupDn = (cn: string) => `CN=${cn},OU=Groups,${AD_LAB}`
const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64')

// What follows gets the RIDs from AD_FIRST_RID on, in this order; units and contacts get none.
export const AD_LDIF = [
  record(
    AD_READER.dn, // 1102
    'objectClass: user',
    'sAMAccountName: reader',
    'userAccountControl: 512',
    adPassword(AD_READER.password),
  ),
  unit(AD_LAB),
  unit(`OU=People,${AD_LAB}`),
  unit(`OU=Groups,${AD_LAB}`),
  user({
    cn: 'Alice Archer',
    name: 'alice', // 1103
    lines: [
      'uidNumber: 10001',
      'gidNumber: 20001',
      'gecos: Alice Archer,Room 1.12',
      'unixHomeDirectory: /export/alice',
      'loginShell: /bin/bash',
    ],
  }),
  // Neither gecos nor home nor shell.
  user({
    cn: 'Bob Baker',
    name: 'bob', // 1104
    lines: ['uidNumber: 10002', 'gidNumber: 20001', 'displayName: Bob Baker'],
  }),
  // No attribute of POSIX at all.
  user({ cn: 'Carol Clark', name: 'carol' }), // 1105
  user({
    cn: 'Dave Dunn',
    name: 'dave', // 1106
    control: DISABLED,
    lines: ['uidNumber: 10004', 'gidNumber: 20002', 'unixHomeDirectory: /export/dave'],
  }),
  user({
    cn: 'Erin',
    name: 'erin', // 1107
    lines: [
      'uidNumber: 10005',
      'gidNumber: 20002',
      `gecos: Erin Eluard`,
      `displayName:: ${base64('Erin Éluard')}`,
      'unixHomeDirectory: /export/erin',
      'loginShell: /bin/ksh',
    ],
  }),
  // Her primary group is engineering (below), which is told by primaryGroupID alone.
  user({
    cn: 'Grace Green',
    name: 'grace', // 1108
    lines: ['uidNumber: 10006', 'unixHomeDirectory: /export/grace', 'loginShell: /bin/csh'],
  }),
  record(`CN=Supplier,OU=People,${AD_LAB}`, 'objectClass: contact'),
  group({
    cn: 'Engineering',
    name: 'engineering', // 1109
    lines: ['gidNumber: 20001'],
    members: [person('Alice Archer'), person('Bob Baker'), person('Grace Green')],
  }),
  group({
    cn: 'Operations',
    name: 'operations', // 1110
    type: DOMAIN_LOCAL,
    lines: ['gidNumber: 20002'],
    members: [person('Dave Dunn'), person('Erin')],
  }),
  // No gidNumber, but a member of staff.
  group({ cn: 'Building', name: 'building', members: [person('Grace Green')] }), // 1111
  group({
    cn: 'Staff',
    name: 'staff', // 1112
    lines: ['gidNumber: 20003'],
    members: [
      groupDn('Engineering'),
      groupDn('Building'),
      person('Alice Archer'),
      person('Carol Clark'),
      person('Erin'),
    ],
  }),
  group({
    cn: 'Circle A',
    name: 'circle-a', // 1113
    lines: ['gidNumber: 20004'],
    members: [person('Alice Archer')],
  }),
  group({
    cn: 'Circle B',
    name: 'circle-b', // 1114
    lines: ['gidNumber: 20005'],
    members: [person('Bob Baker'), groupDn('Circle A')],
  }),
  // Somebody of a domain that is trusted, known by the SID alone.
  group({
    cn: 'Visiting',
    name: 'visiting', // 1115
    lines: ['gidNumber: 20006'],
    members: ['<SID=S-1-5-21-1-2-3-1105>', `CN=Supplier,OU=People,${AD_LAB}`, person('Bob Baker')],
  }),
  group({ cn: 'Empty', name: 'empty', lines: ['gidNumber: 20007'] }), // 1116
  group({
    cn: 'Newsletter',
    name: 'newsletter', // 1117
    type: GLOBAL_DISTRIBUTION,
    members: [person('Alice Archer')],
  }),
  record(groupDn('Circle A'), 'changetype: modify', 'add: member', `member: ${groupDn('Circle B')}`),
  record(person('Grace Green'), 'changetype: modify', 'replace: primaryGroupID', 'primaryGroupID: 1109'),
].join('')

/** More than Windows gives of one attribute at a time, which is 1,500 (MaxValRange). */
export const AD_BULK_USERS = 1600
const bulkNumbers = Array.from({ length: AD_BULK_USERS }, (_, number) => number)
const bulkName = (number: number) => `bulk${String(number).padStart(4, '0')}`

/** The names that are the members of the group everyone, gid 30000. */
export const AD_BULK_NAMES = bulkNumbers.map(bulkName)

export const AD_BULK_LDIF = [
  unit(AD_BULK),
  ...bulkNumbers.map((number) =>
    record(
      `CN=${bulkName(number)},${AD_BULK}`,
      'objectClass: user',
      `sAMAccountName: ${bulkName(number)}`,
      `userAccountControl: ${ENABLED}`,
      `uidNumber: ${40000 + number}`,
      'gidNumber: 30000',
      `unixHomeDirectory: /export/${bulkName(number)}`,
    ),
  ),
  record(
    `CN=everyone,${AD_BULK}`,
    'objectClass: group',
    'sAMAccountName: everyone',
    'gidNumber: 30000',
    ...AD_BULK_NAMES.map((name) => `member: CN=${name},${AD_BULK}`),
  ),
].join('')

type Records = readonly (readonly [key: string, value: string])[]

function maps(
  users: readonly (readonly string[])[],
  groups: readonly (readonly string[])[],
  netids: readonly (readonly string[])[],
) {
  const passwd = users.map(([name = '', uid = '', ...rest]) => ({
    name,
    id: uid,
    line: [name, '*', uid, ...rest].join(':'),
  }))
  const group = groups.map(([name = '', gid = '', members = '']) => ({
    name,
    id: gid,
    line: [name, '*', gid, members].join(':'),
  }))
  return {
    'passwd.byname': passwd.map(({ name, line }) => [name, line] as const),
    'passwd.byuid': passwd.map(({ id, line }) => [id, line] as const),
    'group.byname': group.map(({ name, line }) => [name, line] as const),
    'group.bygid': group.map(({ id, line }) => [id, line] as const),
    'netid.byname': netids.map(
      ([uid = '', gids = '']) => [`unix.${uid}@${LAB_DOMAIN}`, `${uid}:${gids}`] as const,
    ),
  } satisfies Readonly<Record<string, Records>>
}

/**
 * OU=Lab by the attributes of POSIX. The order of members means nothing: the server gives them in one of its own. Where
 * home and shell are not told they are /home/NAME and /bin/sh, where gecos is not, the name that is shown.
 */
export const AD_MAPS = maps(
  [
    ['alice', '10001', '20001', 'Alice Archer,Room 1.12', '/export/alice', '/bin/bash'],
    ['bob', '10002', '20001', 'Bob Baker', '/home/bob', '/bin/sh'],
    ['erin', '10005', '20002', 'Erin Eluard', '/export/erin', '/bin/ksh'],
    ['grace', '10006', '20001', 'Grace Green', '/export/grace', '/bin/csh'],
  ],
  [
    ['circle-a', '20004', 'alice,bob'],
    ['circle-b', '20005', 'alice,bob'],
    ['empty', '20007', ''],
    // Grace is of it by her primary group: such members are told by passwd.
    ['engineering', '20001', 'alice,bob'],
    ['operations', '20002', 'erin'],
    ['staff', '20003', 'alice,bob,erin,grace'],
    ['visiting', '20006', 'bob'],
  ],
  [
    ['10001', '20001,20004,20005,20003'],
    ['10002', '20001,20004,20005,20003,20006'],
    ['10005', '20002,20003'],
    ['10006', '20001,20003'],
  ],
)

/** What SSSD gives to the first RID of AD_SID: 200000 + 200000 * (murmurhash3(SID, 0xdeadbeef) % 10000). */
const ID = 311_600_000
const id = (rid: number) => String(ID + rid)
/** Domain Users (MS-DTYP 2.4.2.4) */
const USERS = id(513)

/** OU=Lab by SIDs where there is no uidNumber, or gidNumber. */
export const AD_SID_MAPS = maps(
  [
    ['alice', '10001', '20001', 'Alice Archer,Room 1.12', '/export/alice', '/bin/bash'],
    ['bob', '10002', '20001', 'Bob Baker', '/home/bob', '/bin/sh'],
    ['carol', id(1105), USERS, 'Carol Clark', '/home/carol', '/bin/sh'],
    ['erin', '10005', '20002', 'Erin Eluard', '/export/erin', '/bin/ksh'],
    ['grace', '10006', '20001', 'Grace Green', '/export/grace', '/bin/csh'],
  ],
  [
    ['building', id(1111), 'grace'],
    ['circle-a', '20004', 'alice,bob'],
    ['circle-b', '20005', 'alice,bob'],
    ['empty', '20007', ''],
    ['engineering', '20001', 'alice,bob'],
    ['operations', '20002', 'erin'],
    ['staff', '20003', 'alice,bob,carol,erin,grace'],
    ['visiting', '20006', 'bob'],
  ],
  [
    ['10001', '20001,20004,20005,20003'],
    ['10002', '20001,20004,20005,20003,20006'],
    [id(1105), `${USERS},20003`],
    ['10005', '20002,20003'],
    ['10006', `20001,${id(1111)},20003`],
  ],
)
