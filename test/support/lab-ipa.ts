/**
 * A directory as FreeIPA lays it out, and what its maps must hold, written down by hand. The entries are those of
 * cn=accounts and cn=alt, with what else of FreeIPA's tree must not get into the maps: the compatibility tree, which says
 * it all again, and users who have been preserved.
 */
import { LAB_DOMAIN } from './lab-host.ts'

export const IPA_SUFFIX = 'dc=ipa,dc=example'

const DN_SYNTAX = 'EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12'
const TEXT_SYNTAX = 'EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15'
const ATTRIBUTE = '2.16.840.1.113730.3.8.3'
const CLASS = '2.16.840.1.113730.3.8.4'

/** What of FreeIPA's own schema the entries need, under its registered numbers. */
export const IPA_SCHEMA = `dn: cn=schema
attributeTypes: ( ${ATTRIBUTE}.1 NAME 'ipaUniqueID' ${TEXT_SYNTAX} )
attributeTypes: ( ${ATTRIBUTE}.4 NAME 'fqdn' ${TEXT_SYNTAX} )
attributeTypes: ( ${ATTRIBUTE}.5 NAME 'memberUser' SUP distinguishedName ${DN_SYNTAX} )
attributeTypes: ( ${ATTRIBUTE}.6 NAME 'userCategory' ${TEXT_SYNTAX} )
attributeTypes: ( ${ATTRIBUTE}.7 NAME 'memberHost' SUP distinguishedName ${DN_SYNTAX} )
attributeTypes: ( ${ATTRIBUTE}.8 NAME 'hostCategory' ${TEXT_SYNTAX} )
attributeTypes: ( ${ATTRIBUTE}.11 NAME 'externalHost' ${TEXT_SYNTAX} )
attributeTypes: ( ${ATTRIBUTE}.15 NAME 'nisDomainName' ${TEXT_SYNTAX} )
objectClasses: ( ${CLASS}.1 NAME 'ipaHost' AUXILIARY MUST fqdn MAY ( userPassword $ memberOf ) )
objectClasses: ( ${CLASS}.12 NAME 'ipaObject' AUXILIARY MUST ipaUniqueID )
objectClasses: ( ${CLASS}.3 NAME 'nestedGroup' SUP groupOfNames STRUCTURAL MAY memberOf )
objectClasses: ( ${CLASS}.4 NAME 'ipaUserGroup' SUP nestedGroup STRUCTURAL )
objectClasses: ( ${CLASS}.5 NAME 'ipaHostGroup' SUP nestedGroup STRUCTURAL )
objectClasses: ( ${CLASS}.6 NAME 'ipaAssociation' ABSTRACT MUST ( ipaUniqueID $ cn ) MAY ( memberUser $ userCategory $
  memberHost $ hostCategory $ description ) )
objectClasses: ( ${CLASS}.8 NAME 'ipaNISNetgroup' SUP ipaAssociation STRUCTURAL MAY ( externalHost $ nisDomainName $
  member $ memberOf ) )
`

const ACCOUNTS = `cn=accounts,${IPA_SUFFIX}`
const NETGROUPS = `cn=ng,cn=alt,${IPA_SUFFIX}`
const COMPAT = `cn=compat,${IPA_SUFFIX}`

const userDn = (uid: string) => `uid=${uid},cn=users,${ACCOUNTS}`
const groupDn = (cn: string) => `cn=${cn},cn=groups,${ACCOUNTS}`
const hostDn = (fqdn: string) => `fqdn=${fqdn},cn=computers,${ACCOUNTS}`
const hostGroupDn = (cn: string) => `cn=${cn},cn=hostgroups,${ACCOUNTS}`
const netgroupDn = (cn: string) => `cn=${cn},${NETGROUPS}`

function record(dn: string, classes: string, ...lines: readonly string[]): string {
  const objectClasses = classes.split(' ').map((name) => `objectClass: ${name}`)
  return `dn: ${dn}\n${[...objectClasses, ...lines].join('\n')}\n\n`
}

const container = (dn: string) => record(dn, 'nsContainer')
const unique = (name: string) => `ipaUniqueID: 8d3c1ab0-${name}`
const each = (name: string, values: readonly string[]) => values.map((value) => `${name}: ${value}`)

type User = readonly [
  uid: string,
  cn: string,
  uidNumber: string,
  gidNumber: string,
  gecos: string,
  home: string,
]

// As FreeIPA does, each has a group of one's own; the shell is the same for all.
const USERS: readonly User[] = [
  ['admin', 'Administrator', '10000', '10000', 'Administrator', '/home/admin'],
  ['alice', 'Alice Archer', '10001', '10001', 'Alice Archer', '/home/alice'],
  ['bob', 'Bob Baker', '10002', '10002', 'Bob Baker', '/home/bob'],
  ['carol', 'Chloé Dürand', '10003', '10003', 'Chloé Dürand', '/home/carol'],
  ['dave', 'Dave Dunn', '10004', '20001', 'Dave Dunn', '/home/dave'],
]

const account = (
  dn: string,
  [uid, cn, uidNumber, gidNumber, gecos, home]: User,
  ...lines: readonly string[]
) =>
  record(
    dn,
    'inetOrgPerson inetUser posixAccount ipaObject',
    `uid: ${uid}`,
    `cn: ${cn}`,
    `sn: ${cn}`,
    `uidNumber: ${uidNumber}`,
    `gidNumber: ${gidNumber}`,
    `gecos: ${gecos}`,
    `homeDirectory: ${home}`,
    'loginShell: /bin/sh',
    unique(uid),
    ...lines,
  )

const POSIX_GROUP = 'nestedGroup ipaUserGroup ipaObject posixGroup'

const group = (cn: string, gid: string, members: readonly string[]) =>
  record(groupDn(cn), POSIX_GROUP, `cn: ${cn}`, `gidNumber: ${gid}`, unique(cn), ...each('member', members))

const privateGroup = ([uid, , , gid]: User) =>
  record(
    groupDn(uid),
    'posixGroup ipaObject mepManagedEntry',
    `cn: ${uid}`,
    `gidNumber: ${gid}`,
    `mepManagedBy: ${userDn(uid)}`,
    unique(`upg-${uid}`),
  )

const host = (fqdn: string) =>
  record(hostDn(fqdn), 'device ipaHost ipaObject', `cn: ${fqdn}`, `fqdn: ${fqdn}`, unique(fqdn))

const netgroup = (cn: string, ...lines: readonly string[]) =>
  record(netgroupDn(cn), 'ipaAssociation ipaNISNetgroup', `cn: ${cn}`, unique(`ng-${cn}`), ...lines)

const DOMAIN = 'nisDomainName: ipa.example'

export const IPA_LDIF = [
  record(
    IPA_SUFFIX,
    'domain',
    'dc: ipa',
    // As with FreeIPA, everybody may read all but passwords.
    'aci: (targetattr != "userPassword")(version 3.0; acl "read"; allow (read, search, compare)',
    '  userdn = "ldap:///anyone";)',
  ),
  container(ACCOUNTS),
  ...['users', 'groups', 'computers', 'hostgroups'].map((name) => container(`cn=${name},${ACCOUNTS}`)),
  container(`cn=alt,${IPA_SUFFIX}`),
  container(NETGROUPS),
  ...USERS.map((user) => account(userDn(user[0]), user)),
  ...USERS.slice(1, 4).map(privateGroup),

  // No group of POSIX.
  record(
    groupDn('ipausers'),
    'nestedGroup ipaUserGroup ipaObject',
    'cn: ipausers',
    unique('ipausers'),
    ...each(
      'member',
      USERS.slice(1).map(([uid]) => userDn(uid)),
    ),
  ),
  group('admins', '10000', [userDn('admin')]),
  // DNs mean the same however they are written.
  group('engineering', '20001', [
    `UID=alice, CN=Users, CN=Accounts, ${IPA_SUFFIX.toUpperCase()}`,
    userDn('bob'),
  ]),
  group('staff', '20002', [groupDn('engineering'), groupDn('ipausers'), userDn('alice')]),
  group('circle-a', '20003', [userDn('alice'), groupDn('circle-b')]),
  group('circle-b', '20004', [groupDn('circle-a'), userDn('carol')]),
  // Nobody there, any more.
  group('visiting', '20005', [userDn('erin'), userDn('bob')]),
  group('empty', '20006', []),

  ...['old.example.com', 'srv1.ipa.example', 'srv2.ipa.example', 'ws1.ipa.example'].map(host),
  record(
    hostGroupDn('servers'),
    'nestedGroup ipaHostGroup ipaObject',
    'cn: servers',
    unique('hg-servers'),
    ...each('member', [hostDn('srv1.ipa.example'), hostDn('srv2.ipa.example')]),
  ),
  netgroup(
    'engineers',
    DOMAIN,
    `memberUser: ${groupDn('engineering')}`,
    `memberHost: ${hostDn('ws1.ipa.example')}`,
  ),
  netgroup('everywhere', DOMAIN, 'userCategory: all', 'hostCategory: all'),
  netgroup(
    'mixed',
    DOMAIN,
    `member: ${netgroupDn('engineers')}`,
    `memberUser: ${userDn('carol')}`,
    'externalHost: outside.example.com',
  ),
  // As FreeIPA makes one of each group of hosts.
  netgroup('servers', DOMAIN, `memberHost: ${hostGroupDn('servers')}`),

  container(`cn=automount,${IPA_SUFFIX}`),
  container(`cn=default,cn=automount,${IPA_SUFFIX}`),
  ...(
    [
      ['auto.master', '/home', 'auto.home'],
      ['auto.home', '*', '-rw,soft files.ipa.example:/export/home/&'],
    ] as const
  ).flatMap(([map, key, information]) => {
    const dn = `automountMapName=${map},cn=default,cn=automount,${IPA_SUFFIX}`
    return [
      record(dn, 'automountMap', `automountMapName: ${map}`),
      record(
        `description=${key},${dn}`,
        'automount',
        `description: ${key}`,
        `automountKey: ${key}`,
        `automountInformation: ${information}`,
      ),
    ]
  }),

  container(COMPAT),
  container(`cn=users,${COMPAT}`),
  container(`cn=groups,${COMPAT}`),
  record(
    `uid=alice,cn=users,${COMPAT}`,
    'account posixAccount',
    'uid: alice',
    'cn: Alice Archer of the compatibility tree',
    'uidNumber: 10001',
    'gidNumber: 10001',
    'homeDirectory: /home/alice',
  ),
  record(
    `cn=engineering,cn=groups,${COMPAT}`,
    'nsContainer posixGroup',
    'cn: engineering',
    'gidNumber: 20001',
    'memberUid: alice',
    'memberUid: bob',
  ),
  container(`cn=provisioning,${IPA_SUFFIX}`),
  container(`cn=accounts,cn=provisioning,${IPA_SUFFIX}`),
  container(`cn=deleted users,cn=accounts,cn=provisioning,${IPA_SUFFIX}`),
  // The lock may not be read by everybody there, as it may here.
  account(
    `uid=erin,cn=deleted users,cn=accounts,cn=provisioning,${IPA_SUFFIX}`,
    ['erin', 'Erin Eriksen', '10005', '10005', 'Erin Eriksen', '/home/erin'],
    'nsAccountLock: TRUE',
  ),
].join('')

const GROUPS = [
  ['admins', '10000', 'admin'],
  ['alice', '10001', ''],
  ['bob', '10002', ''],
  ['carol', '10003', ''],
  ['circle-a', '20003', 'alice,carol'],
  ['circle-b', '20004', 'carol,alice'],
  ['empty', '20006', ''],
  ['engineering', '20001', 'alice,bob'],
  ['staff', '20002', 'alice,bob,carol,dave'],
  ['visiting', '20005', 'bob'],
] as const

/** The primary group first, then the others in the order of their names. */
const NETIDS = [
  ['10000', '10000'],
  ['10001', '10001,20003,20004,20001,20002'],
  ['10002', '10002,20001,20002,20005'],
  ['10003', '10003,20003,20004,20002'],
  ['10004', '20001,20002'],
] as const

const passwd = USERS.map(([uid, , number, gid, gecos, home]) => ({
  name: uid,
  id: number,
  line: [uid, '*', number, gid, gecos, home, '/bin/sh'].join(':'),
}))
const posixGroup = GROUPS.map(([name, gid, members]) => ({
  name,
  id: gid,
  line: `${name}:*:${gid}:${members}`,
}))

/**
 * The order of the members of a group means nothing. A netgroup's hosts and users are in triples one by one, as
 * FreeIPA's own NIS server pairs them; a dash stands where there are more of the others.
 */
export const IPA_MAPS = {
  'passwd.byname': passwd.map(({ name, line }) => [name, line] as const),
  'passwd.byuid': passwd.map(({ id, line }) => [id, line] as const),
  'group.byname': posixGroup.map(({ name, line }) => [name, line] as const),
  'group.bygid': posixGroup.map(({ id, line }) => [id, line] as const),
  'netid.byname': NETIDS.map(([uid, gids]) => [`unix.${uid}@${LAB_DOMAIN}`, `${uid}:${gids}`] as const),
  netgroup: [
    ['engineers', '(ws1.ipa.example,alice,ipa.example) (-,bob,ipa.example)'],
    ['everywhere', '(,,ipa.example)'],
    ['mixed', '(outside.example.com,carol,ipa.example) engineers'],
    ['servers', '(srv1.ipa.example,-,ipa.example) (srv2.ipa.example,-,ipa.example)'],
  ],
  'auto.master': [['/home', 'auto.home']],
  'auto.home': [['*', '-rw,soft files.ipa.example:/export/home/&']],
} as const
