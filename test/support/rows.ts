/** Rows with everything in order, to be changed in one place by a test. */
import type { Admission } from '../../src/maps/admit.ts'
import { type BuildOptions, type Built, buildImage } from '../../src/maps/build.ts'
import { type Image, openImage } from '../../src/maps/image.ts'
import type { RecordLimit } from '../../src/maps/overflow.ts'
import type { ProvidedMap } from '../../src/maps/records.ts'
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
    shadow: '',
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
  return { directory, users, groups, tables: [], rejected: [] }
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

export const EVERYONE: Admission = { minimumUid: 0, minimumGid: 0, refusedNames: new Set() }

/** `maps` by their names: each is made as its name says, under the limit of all. */
export interface MadeOptions extends Partial<Omit<BuildOptions, 'maps'>> {
  readonly maps?: readonly string[]
  /** in their place, each with what is said of it */
  readonly provided?: readonly ProvidedMap[]
}

export function build(
  directories: readonly Rows[],
  { maps = ALL_MAPS, provided: named, recordLimit = 1024, overflow = 'cut', ...options }: MadeOptions = {},
): Built {
  return buildImage(directories, {
    domain: 'example.com',
    master: 'nis.example.com',
    created: 1_700_000_000,
    generation: 1,
    fingerprint: new Uint8Array(32),
    hashMaps: [],
    admission: EVERYONE,
    maps: named ?? maps.map((name) => provided(name, { recordLimit, overflow })),
    recordLimit,
    overflow,
    ...options,
  })
}

/** Of users and groups, as the configuration provides it. */
export function provided(name: string, limit: RecordLimit): ProvidedMap {
  return { name, secure: name.startsWith('master.'), made: 'rows', ...limit }
}

export function imageOf(directories: readonly Rows[], options: MadeOptions = {}): Image {
  return openImage(build(directories, options).bytes)
}
