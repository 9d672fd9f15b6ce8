import type { DirectoryConfig, Field, Source } from '../config/config.ts'
import type { Group, Octets, Rejection, User } from '../maps/rows.ts'
import { cryptHash, LOCKED } from './crypt-hash.ts'
import type { Entry } from './entry.ts'
import { utf8Octets } from './octets.ts'

export type Fields = DirectoryConfig['fields']

const USER_FIELDS: readonly Field[] = [
  'name',
  'passwd',
  'uid',
  'gid',
  'class',
  'change',
  'expire',
  'gecos',
  'home',
  'shell',
]
const GROUP_FIELDS: readonly Field[] = ['groupname', 'grouppasswd', 'groupgid', 'groupmembers']

/** The LDAP attributes the rows of users are made of, each once; those that are fixed need none. */
export function userAttributes(fields: Fields): string[] {
  return attributesOf(USER_FIELDS, fields)
}

/** The LDAP attributes the rows of groups are made of, each once. Of a password only a fixed one is shown. */
export function groupAttributes(fields: Fields): string[] {
  return attributesOf(
    GROUP_FIELDS.filter((field) => field !== 'grouppasswd'),
    fields,
  )
}

function attributesOf(names: readonly Field[], fields: Fields): string[] {
  const unique = new Map(
    names.flatMap((name) => namesOf(fields[name])).map((name) => [name.toLowerCase(), name]),
  )
  return [...unique.values()]
}

function namesOf(source: Source): readonly string[] {
  if (source.kind === 'fixed') return []
  return source.kind === 'first' ? source.attributes : [source.attribute]
}

/** The user or the group that an entry describes, or why it makes none. */
export interface RowMaker {
  /** mandatory, as in RFC 2307, are name, uid, gid and home */
  readonly user: (entry: Entry) => User | Rejection
  /** mandatory are name and gid */
  readonly group: (entry: Entry) => Group | Rejection
}

/** What can be known of fields without an entry is worked out here, once. */
export function createRowMaker(fields: Fields): RowMaker {
  const text = (field: Field) => textOf(fields[field])
  return { user: userMaker(fields, text), group: groupMaker(fields, text) }
}

type Text = (entry: Entry) => Octets

function userMaker(fields: Fields, text: (field: Field) => Text): RowMaker['user'] {
  const [name, uid, gid, home] = [text('name'), text('uid'), text('gid'), text('home')]
  const [change, expire, gecos] = [text('change'), text('expire'), text('gecos')]
  const [userClass, shell, hash] = [text('class'), text('shell'), hashOf(fields.passwd)]
  const isFixed = fields.passwd.kind === 'fixed'
  const once = {
    gid: keepLast(gid),
    change: keepLast(change),
    expire: keepLast(expire),
    shell: keepLast(shell),
  }
  return (entry) => {
    const row = {
      name: name(entry),
      password: LOCKED,
      hash: hash(entry),
      uid: uid(entry),
      gid: once.gid(entry),
      class: userClass(entry),
      change: once.change(entry) || '0',
      expire: once.expire(entry) || '0',
      gecos: gecos(entry),
      home: home(entry),
      shell: once.shell(entry),
      dn: entry.dn,
    }
    if (isFixed) row.password = row.hash
    if (row.name === '') return incomplete(entry, fields, 'name')
    if (row.uid === '') return incomplete(entry, fields, 'uid')
    if (row.gid === '') return incomplete(entry, fields, 'gid')
    if (row.home === '') return incomplete(entry, fields, 'home')
    return row
  }
}

function groupMaker(fields: Fields, text: (field: Field) => Text): RowMaker['group'] {
  const [name, gid, members] = [text('groupname'), text('groupgid'), membersOf(fields.groupmembers)]
  const password = fields.grouppasswd.kind === 'fixed' ? text('grouppasswd') : () => LOCKED
  const partOf = partFinder(fields.groupmembers)
  return (entry) => {
    const row = {
      name: name(entry),
      password: password(entry) || LOCKED,
      gid: gid(entry),
      members: members(entry),
      dn: entry.dn,
    }
    if (row.name === '') return incomplete(entry, fields, 'groupname')
    if (row.gid === '') return incomplete(entry, fields, 'groupgid')
    return partOf(entry) ?? row
  }
}

function incomplete({ dn }: Entry, fields: Fields, missing: Field): Rejection {
  const source = fields[missing]
  const reason =
    source.kind === 'fixed'
      ? `the fixed ${missing} is empty`
      : `no value of ${namesOf(source).join(' or ')}, which gives the ${missing}`
  return { dn, reason }
}

/** Active Directory cuts a list of more than 1,500 values and says so in the attribute's name. */
function partFinder(members: Source): (entry: Entry) => Rejection | undefined {
  const lists = namesOf(members).map((name) => ({ name, prefix: `${name.toLowerCase()};range=` }))
  return ({ dn, attributes }) => {
    for (const attribute of attributes.keys()) {
      const list = lists.find(({ prefix }) => attribute.startsWith(prefix))
      if (list !== undefined) {
        const reason = `the server gave only a part of ${list.name} (${attribute}); raise its MaxValRange`
        return { dn, reason }
      }
    }
    return undefined
  }
}

function textOf(source: Source): Text {
  if (source.kind === 'fixed') {
    const text = utf8Octets(source.value)
    return () => text
  }
  const values = valuesOf(source)
  return source.kind === 'list' ? (entry) => values(entry).join(',') : (entry) => values(entry)[0] ?? ''
}

/** All values of an attribute, or of the first of several that has one. */
function valuesOf(source: Exclude<Source, { kind: 'fixed' }>): (entry: Entry) => readonly Octets[] {
  const names = namesOf(source).map((name) => name.toLowerCase())
  return ({ attributes }) => {
    for (const name of names) {
      const values = attributes.get(name)
      if (values !== undefined && values.length > 0) return values
    }
    return []
  }
}

/** What most rows have in common with the one before is held once. */
function keepLast(text: Text): Text {
  let last = ''
  return (entry) => {
    const now = text(entry)
    if (now !== last) last = now
    return last
  }
}

function membersOf(source: Source): (entry: Entry) => readonly Octets[] {
  if (source.kind === 'fixed') {
    const members = source.value === '' ? [] : utf8Octets(source.value).split(',')
    return () => members
  }
  const values = valuesOf(source)
  return source.kind === 'list' ? values : (entry) => values(entry).slice(0, 1)
}

function hashOf(source: Source): Text {
  if (source.kind === 'fixed') {
    const hash = utf8Octets(source.value) || LOCKED
    return () => hash
  }
  const values = valuesOf(source)
  return (entry) => cryptHash(values(entry))
}
