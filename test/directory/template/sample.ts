import type { Entry } from '../../../src/directory/entry.ts'
import { utf8Octets } from '../../../src/directory/octets.ts'
import { createLinks } from '../../../src/directory/template/links.ts'
import { evaluate, parseTemplate } from '../../../src/directory/template/template.ts'
import { textOf } from '../../../src/directory/template/value.ts'
import { makeEntry } from '../samples.ts'

export const BASE = 'dc=example,dc=com'

export const alice = makeEntry(`uid=alice,ou=people,${BASE}`, {
  objectClass: ['top', 'posixAccount', 'shadowAccount'],
  uid: ['alice'],
  cn: ['Alice Archer', utf8Octets('Alice É. Archer')],
  uidNumber: ['10001'],
  gidNumber: ['0100'],
  homeDirectory: ['/home/alice'],
  userPassword: ['{SSHA}c2Vj', '{CRYPT}$6$salt$hash'],
  mail: ['Alice@Example.COM', 'al@example.com'],
  memberOf: [`cn=staff,ou=groups,${BASE}`],
})

export const bob = makeEntry(`uid=bob,ou=people,${BASE}`, {
  objectClass: ['top', 'posixAccount'],
  uid: ['bob'],
  cn: ['Bob'],
  uidNumber: ['10002'],
  gidNumber: ['100'],
})

/** Of alice, of a name of nobody, and of all; all holds staff again. */
export const staff = makeEntry(`cn=staff,ou=groups,${BASE}`, {
  objectClass: ['groupOfNames'],
  cn: ['staff'],
  gidNumber: ['200'],
  member: [`UID=Alice, OU=People,${BASE}`, `uid=gone,ou=people,${BASE}`, `cn=all,ou=groups,${BASE}`],
})

export const everyone = makeEntry(`cn=all,ou=groups,${BASE}`, {
  objectClass: ['groupOfNames'],
  cn: ['all'],
  gidNumber: ['300'],
  member: [`cn=staff,ou=groups,${BASE}`, `uid=bob,ou=people,${BASE}`],
  uniqueMember: [`uid=alice,ou=people,${BASE}`],
})

const people = makeEntry(`ou=people,${BASE}`, { ou: ['people'], description: ['all of us'] })

export const links = createLinks([alice, bob, staff, everyone, people], ['member', 'uniqueMember'])

/** The texts that a template makes of an entry. */
export function textsOf(template: string, entry: Entry): string[] {
  return evaluate(parseTemplate(template), entry, { domain: 'example', links }).map(textOf)
}

/** The values of one expression; none is none. */
export function valuesOf(expression: string, entry: Entry): string[] {
  const listed = textsOf(`{zip ['', ${expression}] pad '' with ''}`, entry)
  return listed.slice(1)
}
