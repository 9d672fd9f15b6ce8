import type { Field, Overflow, Source } from './config.ts'

/** RFC 2307's attributes: a file needs to name only what its directory does otherwise. */
export const DEFAULT_FIELDS: Readonly<Record<Field, Source>> = {
  name: { kind: 'first', attributes: ['uid'] },
  passwd: { kind: 'fixed', value: '*' },
  uid: { kind: 'first', attributes: ['uidNumber'] },
  gid: { kind: 'first', attributes: ['gidNumber'] },
  class: { kind: 'fixed', value: '' },
  change: { kind: 'fixed', value: '0' },
  expire: { kind: 'fixed', value: '0' },
  gecos: { kind: 'first', attributes: ['gecos', 'cn'] },
  home: { kind: 'first', attributes: ['homeDirectory'] },
  shell: { kind: 'first', attributes: ['loginShell'] },
  groupname: { kind: 'first', attributes: ['cn'] },
  grouppasswd: { kind: 'fixed', value: '*' },
  groupgid: { kind: 'first', attributes: ['gidNumber'] },
  groupmembers: { kind: 'list', attribute: 'memberUid' },
}

export const DEFAULT_USER_FILTER = '(objectClass=posixAccount)'
export const DEFAULT_GROUP_FILTER = '(objectClass=posixGroup)'

export const DEFAULT_INTERVAL = 600
export const DEFAULT_PAGE_SIZE = 1000
export const DEFAULT_RECORD_LIMIT = 1024
export const DEFAULT_OVERFLOW: Overflow = 'cut'
export const DEFAULT_USER = '_ypldap'
export const DEFAULT_DIRECTORY_USER = '_ypldap_dir'
export const DEFAULT_GUARD_SHRINK = 50
export const DEFAULT_UDP_WORKERS = 1
export const DEFAULT_DIRECTORY_MEMORY = 512

export const LDAP_PORT = 389
export const LDAPS_PORT = 636
