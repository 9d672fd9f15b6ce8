/** Rows with everything in order, to be changed in one place by a test. */
import { type BuildOptions, type Built, buildImage } from '../../src/maps/build.ts'
import { type Image, openImage } from '../../src/maps/image.ts'
import type { Group, Rows, User } from '../../src/maps/rows.ts'

export function user(fields: Partial<User> = {}): User {
  return {
    name: 'alice',
    password: '*',
    hash: '$6$salt$hash',
    uid: '10001',
    gid: '20001',
    class: '',
    change: '0',
    expire: '0',
    gecos: 'Alice Adams',
    home: '/home/alice',
    shell: '/bin/sh',
    dn: `uid=${fields.name ?? 'alice'},ou=people,dc=example,dc=com`,
    ...fields,
  }
}

export function group(fields: Partial<Group> = {}): Group {
  return {
    name: 'staff',
    password: '*',
    gid: '20001',
    members: ['alice'],
    dn: `cn=${fields.name ?? 'staff'},ou=groups,dc=example,dc=com`,
    ...fields,
  }
}

export function rows(
  users: readonly User[],
  groups: readonly Group[] = [],
  directory = 'ldap.example.com',
): Rows {
  return { directory, users, groups, rejected: [] }
}

export const ALL_MAPS = [
  'passwd.byname',
  'passwd.byuid',
  'master.passwd.byname',
  'master.passwd.byuid',
  'group.byname',
  'group.bygid',
  'netid.byname',
]

export function build(directories: readonly Rows[], options: Partial<BuildOptions> = {}): Built {
  return buildImage(directories, {
    domain: 'example.com',
    master: 'nis.example.com',
    created: 1_700_000_000,
    generation: 1,
    fingerprint: new Uint8Array(32),
    maps: ALL_MAPS,
    recordLimit: 1024,
    overflow: 'cut',
    ...options,
  })
}

export function imageOf(directories: readonly Rows[], options: Partial<BuildOptions> = {}): Image {
  return openImage(build(directories, options).bytes)
}
