/** The users that every server serves, all made from their number: nothing is read, and each process can make them. */

export const SUFFIX = 'dc=example,dc=com'

const FIRST_UID = 10_000
const FIRST_GID = 5_000
export const USERS_IN_GROUP = 10

/** A domain for each size: one ypserv serves them side by side. */
export function domainOf(users: number): string {
  return `bench${users}.example`
}

export function nameOf(index: number): string {
  return `user${index}`
}

export function uidOf(index: number): string {
  return String(FIRST_UID + index)
}

function gidOf(index: number): number {
  return FIRST_GID + Math.floor(index / USERS_IN_GROUP)
}

/** As long as the fields of a real one are. */
export function gecosOf(index: number): string {
  return (
    `Firstname Lastname-${index},Department of Applied Measurements,` +
    `Building ${index % 40} Room ${index % 900},+44 20 7946 ${String(index % 10_000).padStart(4, '0')}`
  )
}

function homeOf(index: number): string {
  return `/export/home/${index % 64}/${nameOf(index)}`
}

/** A value of passwd.byname and passwd.byuid. */
export function passwdOf(index: number): string {
  return [nameOf(index), '*', uidOf(index), gidOf(index), gecosOf(index), homeOf(index), '/bin/bash'].join(
    ':',
  )
}

/**
 * The directory's users and groups, a group and its users at a time: of a million they are no single string. The last
 * user's shell tells one generation from the next, and is no value of `passwdOf`.
 */
export function* ldifOf(users: number, lastShell = '/bin/bash'): Generator<string> {
  for (let first = 0; first < users; first += USERS_IN_GROUP) {
    const members = Array.from({ length: Math.min(USERS_IN_GROUP, users - first) }, (_, i) => first + i)
    yield groupEntry(members) +
      members.map((index) => userEntry(index, index === users - 1 ? lastShell : '/bin/bash')).join('')
  }
}

function groupEntry(members: readonly number[]): string {
  const gid = gidOf(members[0] ?? 0)
  return entry(
    `cn=group${gid - FIRST_GID},ou=groups,${SUFFIX}`,
    'objectClass: posixGroup',
    `cn: group${gid - FIRST_GID}`,
    `gidNumber: ${gid}`,
    ...members.map((index) => `memberUid: ${nameOf(index)}`),
  )
}

function userEntry(index: number, shell: string): string {
  return entry(
    userDn(index),
    'objectClass: account',
    'objectClass: posixAccount',
    `uid: ${nameOf(index)}`,
    `cn: Firstname Lastname-${index}`,
    `uidNumber: ${uidOf(index)}`,
    `gidNumber: ${gidOf(index)}`,
    `gecos: ${gecosOf(index)}`,
    `homeDirectory: ${homeOf(index)}`,
    `loginShell: ${shell}`,
  )
}

export function userDn(index: number): string {
  return `uid=${nameOf(index)},ou=people,${SUFFIX}`
}

/** What stands above users and groups, which a server, unlike a file, must have. */
export function treeLdif(): string {
  const unit = (name: string) =>
    entry(`ou=${name},${SUFFIX}`, 'objectClass: organizationalUnit', `ou: ${name}`)
  return entry(SUFFIX, 'objectClass: domain', 'dc: example') + unit('people') + unit('groups')
}

export function entry(dn: string, ...lines: readonly string[]): string {
  return `dn: ${dn}\n${lines.join('\n')}\n\n`
}

type Records = readonly (readonly [key: string, value: string])[]

/** The maps that are asked, as ypserv's makedbm takes them. */
export function mapsOf(users: number): Readonly<Record<string, Records>> {
  const all = Array.from({ length: users }, (_, index) => index)
  return {
    'passwd.byname': all.map((index) => [nameOf(index), passwdOf(index)]),
    'passwd.byuid': all.map((index) => [uidOf(index), passwdOf(index)]),
  }
}
