/** Entries to users and groups. */
import type { DirectoryConfig, Field, Source } from '../config/config.ts'
import type { Group, Octets, Rejection, User } from '../maps/rows.ts'
import { cryptHash, LOCKED } from './crypt-hash.ts'
import type { Entry } from './entry.ts'
import {
  type Fields,
  fieldAttributes,
  keepLast,
  sourceAttributes,
  type Text,
  textOf,
  unique,
  valuesOf,
} from './fields.ts'
import { utf8Octets } from './octets.ts'
import { SHADOW_ATTRIBUTES, shadowFields } from './shadow.ts'

/** What of a directory's configuration decides its rows. */
export type RowConfig = Pick<DirectoryConfig, 'fields' | 'schema' | 'shadow'>

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

/** Active Directory's: who it is, and its group. */
export const SID = 'objectSid'
export const PRIMARY_GROUP = 'primaryGroupID'

/** What every group there has, and nobody else. */
const GROUP_TYPE = 'groupType'

/** The LDAP attributes the rows of users are made of, each once. */
export function userAttributes({ fields, schema, shadow }: RowConfig): string[] {
  return unique([
    ...fieldAttributes(USER_FIELDS, fields),
    ...(shadow ? SHADOW_ATTRIBUTES : []),
    ...(schema === 'ad' ? [SID, PRIMARY_GROUP] : []),
  ])
}

/** The LDAP attributes the rows of groups are made of, each once. Of a password only a fixed one is shown. */
export function groupAttributes({ fields, schema }: RowConfig): string[] {
  const names = GROUP_FIELDS.filter((field) => field !== 'grouppasswd')
  return unique([...fieldAttributes(names, fields), ...(schema === 'ad' ? [SID, GROUP_TYPE] : [])])
}

/** The attributes that name members by their DNs. */
export function memberDnAttributes({ fields }: Pick<RowConfig, 'fields'>): readonly string[] {
  return fields.groupmembers.kind === 'members' ? fields.groupmembers.dns : []
}

/** Attributes by which an entry that is a member shows that it is a group. */
export function groupMarks(config: Pick<RowConfig, 'fields' | 'schema'>): readonly string[] {
  return config.schema === 'ad' ? [GROUP_TYPE] : memberDnAttributes(config)
}

/** A filter of groups, whether or not a map shows them. */
export function nestedFilter(config: Pick<RowConfig, 'fields' | 'schema'>): string {
  return `(|${groupMarks(config)
    .map((name) => `(${name}=*)`)
    .join('')})`
}

/** A group before DNs among its members are known for what they are. */
export interface GroupDraft {
  readonly row: Omit<Group, 'members'>
  /** members by their names */
  readonly names: readonly Octets[]
  /** members by their DNs, as they are written */
  readonly dns: readonly Octets[]
}

/** The user or the group that an entry describes. Throws EvaluationError for a field whose template gives something unfit. */
export interface RowMaker {
  readonly user: (entry: Entry) => User
  readonly group: (entry: Entry) => GroupDraft
}

/** What can be known of fields without an entry is worked out here, once. */
export function createRowMaker({ fields, shadow }: RowConfig, domain: Octets): RowMaker {
  return { user: userMaker(fields, shadow, domain), group: groupMaker(fields, domain) }
}

function userMaker(fields: Fields, shadow: boolean, domain: Octets): RowMaker['user'] {
  const text = (field: Field) => textOf(fields[field], domain)
  const [name, uid, gid, home] = [text('name'), text('uid'), text('gid'), text('home')]
  const [change, expire, gecos] = [text('change'), text('expire'), text('gecos')]
  const [userClass, shell, hash] = [text('class'), text('shell'), hashOf(fields.passwd, domain)]
  const isFixed = fields.passwd.kind === 'fixed'
  const once = {
    gid: keepLast(gid),
    change: keepLast(change),
    expire: keepLast(expire),
    shell: keepLast(shell),
    shadow: shadow ? keepLast(shadowFields) : () => '',
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
      shadow: once.shadow(entry),
      dn: entry.dn,
    }
    if (isFixed) row.password = row.hash
    return row
  }
}

function groupMaker(fields: Fields, domain: Octets): RowMaker['group'] {
  const text = (field: Field) => textOf(fields[field], domain)
  const [name, gid] = [text('groupname'), text('groupgid')]
  const password = fields.grouppasswd.kind === 'fixed' ? text('grouppasswd') : () => LOCKED
  const { names, dns } = membersOf(fields.groupmembers, domain)
  return (entry) => ({
    row: { name: name(entry), password: password(entry) || LOCKED, gid: gid(entry), dn: entry.dn },
    names: names(entry),
    dns: dns(entry),
  })
}

/** Mandatory, as in RFC 2307, are name, uid, gid and home. */
export function incompleteUser({ name, uid, gid, home, dn }: User, fields: Fields): Rejection | undefined {
  if (name === '') return incomplete(dn, fields, 'name')
  if (uid === '') return incomplete(dn, fields, 'uid')
  if (gid === '') return incomplete(dn, fields, 'gid')
  return home === '' ? incomplete(dn, fields, 'home') : undefined
}

/** Mandatory are name and gid. */
export function incompleteGroup({ name, gid, dn }: GroupDraft['row'], fields: Fields): Rejection | undefined {
  if (name === '') return incomplete(dn, fields, 'groupname')
  return gid === '' ? incomplete(dn, fields, 'groupgid') : undefined
}

function incomplete(dn: Octets, fields: Fields, missing: Field): Rejection {
  const source = fields[missing]
  const reason =
    source.kind === 'fixed'
      ? `the fixed ${missing} is empty`
      : `no value of ${sourceAttributes(source).join(' or ')}, which gives the ${missing}`
  return { dn, reason }
}

type Values = (entry: Entry) => readonly Octets[]

function membersOf(source: Source, domain: Octets): { readonly names: Values; readonly dns: Values } {
  if (source.kind === 'members') return { names: allOf(source.names), dns: allOf(source.dns) }
  return { names: namesOf(source, domain), dns: () => [] }
}

function namesOf(source: Exclude<Source, { kind: 'members' }>, domain: Octets): Values {
  if (source.kind === 'fixed' || source.kind === 'template') {
    const text = textOf(source, domain)
    return (entry) => {
      const members = text(entry)
      return members === '' ? [] : members.split(',')
    }
  }
  const values = valuesOf(source)
  return source.kind === 'list' ? values : (entry) => values(entry).slice(0, 1)
}

/** All values of all these attributes. */
function allOf(attributes: readonly string[]): Values {
  const keys = attributes.map((name) => name.toLowerCase())
  return (entry) => {
    const lists = keys.flatMap((key) => {
      const values = entry.attributes.get(key)
      return values === undefined || values.length === 0 ? [] : [values]
    })
    return lists.length === 1 ? lists[0]! : lists.flat()
  }
}

function hashOf(source: Source, domain: Octets): Text {
  if (source.kind === 'fixed') {
    const hash = utf8Octets(source.value) || LOCKED
    return () => hash
  }
  if (source.kind === 'template') {
    const text = textOf(source, domain)
    return (entry) => cryptHash([text(entry)])
  }
  const values = valuesOf(source)
  return (entry) => cryptHash(values(entry))
}
