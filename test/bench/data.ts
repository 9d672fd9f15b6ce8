/** The users that every server serves, all made from their number: nothing is read, and each process can make them. */

export const SUFFIX = 'dc=example,dc=com'

const FIRST_UID = 10_000
const FIRST_GID = 5_000
const USERS_IN_GROUP = 100

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

/** The directory; the last user's shell tells one generation from the next, and is no value of `passwdOf`. */
export function ldifOf(users: number, lastShell = '/bin/bash'): string {
  const parts: string[] = []
  for (let group = 0; group * USERS_IN_GROUP < users; group++) {
    const first = group * USERS_IN_GROUP
    parts.push(
      `dn: cn=group${group},ou=groups,${SUFFIX}`,
      'objectClass: posixGroup',
      `cn: group${group}`,
      `gidNumber: ${FIRST_GID + group}`,
    )
    for (let index = first; index < Math.min(first + USERS_IN_GROUP, users); index++) {
      parts.push(`memberUid: ${nameOf(index)}`)
    }
    parts.push('')
  }
  for (let index = 0; index < users; index++) {
    parts.push(
      `dn: uid=${nameOf(index)},ou=people,${SUFFIX}`,
      'objectClass: account',
      'objectClass: posixAccount',
      `uid: ${nameOf(index)}`,
      `cn: Firstname Lastname-${index}`,
      `uidNumber: ${uidOf(index)}`,
      `gidNumber: ${gidOf(index)}`,
      `gecos: ${gecosOf(index)}`,
      `homeDirectory: ${homeOf(index)}`,
      `loginShell: ${index === users - 1 ? lastShell : '/bin/bash'}`,
      '',
    )
  }
  return parts.join('\n')
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
