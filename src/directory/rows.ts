import type { DirectoryConfig, Field, Source } from '../config/config.ts'
import type { Group, Octets, Rejection, User } from '../maps/rows.ts'
import { allValues, type Entry } from './entry.ts'
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

/** The user an entry describes; mandatory, as in RFC 2307, are name, uid, gid and home. */
export function userRow(entry: Entry, fields: Fields): User | Rejection {
  const rejection = rejectIncomplete(entry, fields, ['name', 'uid', 'gid', 'home'])
  if (rejection !== undefined) return rejection
  const text = (field: Field): Octets => textOf(fields[field], entry)
  const hash = hashOf(fields.passwd, entry)
  return {
    name: text('name'),
    password: fields.passwd.kind === 'fixed' ? hash : LOCKED,
    hash,
    uid: text('uid'),
    gid: text('gid'),
    class: text('class'),
    change: text('change') || '0',
    expire: text('expire') || '0',
    gecos: text('gecos'),
    home: text('home'),
    shell: text('shell'),
    dn: entry.dn,
  }
}

/** The group an entry describes; mandatory are name and gid. */
export function groupRow(entry: Entry, fields: Fields): Group | Rejection {
  const rejection =
    rejectIncomplete(entry, fields, ['groupname', 'groupgid']) ?? rejectRange(entry, fields.groupmembers)
  if (rejection !== undefined) return rejection
  return {
    name: textOf(fields.groupname, entry),
    password: fields.grouppasswd.kind === 'fixed' ? textOf(fields.grouppasswd, entry) || LOCKED : LOCKED,
    gid: textOf(fields.groupgid, entry),
    members: membersOf(fields.groupmembers, entry),
    dn: entry.dn,
  }
}

function rejectIncomplete(entry: Entry, fields: Fields, mandatory: readonly Field[]): Rejection | undefined {
  const missing = mandatory.find((field) => textOf(fields[field], entry) === '')
  if (missing === undefined) return undefined
  const source = fields[missing]
  const reason =
    source.kind === 'fixed'
      ? `the fixed ${missing} is empty`
      : `no value of ${namesOf(source).join(' or ')}, which gives the ${missing}`
  return { dn: entry.dn, reason }
}

/** Active Directory cuts a list of more than 1,500 values and says so in the attribute's name. */
function rejectRange(entry: Entry, members: Source): Rejection | undefined {
  for (const name of namesOf(members)) {
    const prefix = `${name.toLowerCase()};range=`
    for (const attribute of entry.attributes.keys()) {
      if (attribute.startsWith(prefix)) {
        return {
          dn: entry.dn,
          reason: `the server gave only a part of ${name} (${attribute}); raise its MaxValRange`,
        }
      }
    }
  }
  return undefined
}

function textOf(source: Source, entry: Entry): Octets {
  if (source.kind === 'fixed') return utf8Octets(source.value)
  if (source.kind === 'list') return allValues(entry, source.attribute).join(',')
  return valuesOfFirst(source.attributes, entry)[0] ?? ''
}

function valuesOfFirst(attributes: readonly string[], entry: Entry): readonly Octets[] {
  const found = attributes.find((attribute) => allValues(entry, attribute).length > 0)
  return found === undefined ? [] : allValues(entry, found)
}

function membersOf(source: Source, entry: Entry): readonly Octets[] {
  if (source.kind === 'list') return allValues(entry, source.attribute)
  if (source.kind === 'first') return valuesOfFirst(source.attributes, entry).slice(0, 1)
  return source.value === '' ? [] : utf8Octets(source.value).split(',')
}

/** No password matches it. An empty field would let everyone in, so it stands for every missing hash too. */
const LOCKED = '*'

/** Said to be a hash, or in a form of crypt(5) that nobody types: a password in clear text must not get out. */
const CRYPT = /^(?:\{crypt\}.|\$[0-9a-z][0-9a-z-]*\$.|_[./0-9a-z]{19}$)/i

/** RFC 2307 s.5.3: `{CRYPT}` before a hash of crypt(3); hashes of other schemes are of no use to a NIS client. */
function hashOf(source: Source, entry: Entry): Octets {
  if (source.kind === 'fixed') return utf8Octets(source.value) || LOCKED
  const values =
    source.kind === 'list' ? allValues(entry, source.attribute) : valuesOfFirst(source.attributes, entry)
  // The values of an attribute come in no order: one of another scheme may well stand before the hash.
  const hash = values.find((value) => CRYPT.test(value))
  return hash?.replace(/^\{crypt\}/i, '') ?? LOCKED
}
