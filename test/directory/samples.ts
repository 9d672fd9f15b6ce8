import type { DirectoryConfig, Field, Located, Source } from '../../src/config/config.ts'
import type { Entry } from '../../src/directory/entry.ts'

export function located<T>(value: T, line = 1): Located<T> {
  return { value, at: { file: 'ypldap.conf', line, column: 1 } }
}

export const fixed = (value: string): Source => ({ kind: 'fixed', value })
export const first = (...attributes: string[]): Source => ({ kind: 'first', attributes })
export const list = (attribute: string): Source => ({ kind: 'list', attribute })

/** The mapping most directories need. */
export const FIELDS: Readonly<Record<Field, Source>> = {
  name: first('uid'),
  passwd: first('userPassword'),
  uid: first('uidNumber'),
  gid: first('gidNumber'),
  class: fixed(''),
  change: first('shadowLastChange'),
  expire: fixed('0'),
  gecos: first('gecos', 'cn'),
  home: first('homeDirectory'),
  shell: first('loginShell'),
  groupname: first('cn'),
  grouppasswd: fixed('*'),
  groupgid: first('gidNumber'),
  groupmembers: list('memberUid'),
}

/** A directory on the loopback address, as the configuration would give it. */
export function directory(port: number, changes: Partial<DirectoryConfig> = {}): DirectoryConfig {
  return {
    at: located('').at,
    label: 'ldap.example.com',
    required: false,
    location: { kind: 'ldap', host: '127.0.0.1', port, security: 'none' },
    credentials: { kind: 'anonymous' },
    pageSize: 500,
    userBase: located('ou=people,dc=example,dc=com'),
    groupBase: located('ou=groups,dc=example,dc=com'),
    userFilter: located('(objectClass=posixAccount)'),
    groupFilter: located('(objectClass=posixGroup)'),
    schema: 'rfc2307',
    idmap: 'none',
    shadow: false,
    fields: FIELDS,
    tables: [],
    ...changes,
  }
}

export function makeEntry(dn: string, attributes: Readonly<Record<string, readonly string[]>>): Entry {
  return {
    dn,
    attributes: new Map(Object.entries(attributes).map(([name, values]) => [name.toLowerCase(), values])),
  }
}
