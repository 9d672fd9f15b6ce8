/** What a directory's schema makes of it: filters, fields, and tables that are not those of RFC 2307. */
import { type BuiltinTable, NETGROUP, TRIPLE } from './builtin-maps.ts'
import type { Field, IdMap, Located, Position, Schema, Source } from './config.ts'

export interface SchemaDefaults {
  readonly userFilter: string
  readonly groupFilter: string
  readonly fields: Readonly<Record<Field, Source>>
  /** those that differ from the ones that ypldap brings along, by the name of the map */
  readonly tables: Readonly<Record<string, BuiltinTable>>
  /** entries that no record is made of, but that templates of `tables` follow DNs to */
  readonly followed: Readonly<Record<string, readonly string[]>>
}

/** Of what is written here, and in no file. */
const NOWHERE: Position = { file: '', line: 1, column: 1 }

function template(value: string): Source {
  const text: Located<string> = { value, at: NOWHERE }
  return { kind: 'template', text }
}

/** RFC 2307's attributes: a file needs to name only what its directory does otherwise. */
const RFC2307_FIELDS: Readonly<Record<Field, Source>> = {
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

const RFC2307: SchemaDefaults = {
  userFilter: '(objectClass=posixAccount)',
  groupFilter: '(objectClass=posixGroup)',
  fields: RFC2307_FIELDS,
  tables: {},
  followed: {},
}

/** RFC 2307bis: a posixGroup may be a groupOfNames, too. */
const RFC2307BIS: SchemaDefaults = {
  ...RFC2307,
  fields: {
    ...RFC2307_FIELDS,
    groupmembers: { kind: 'members', names: ['memberUid'], dns: ['member', 'uniqueMember'] },
  },
}

/**
 * FreeIPA. Its tree cn=compat shows the same entries once more, by RFC 2307. The triples are those that cn=ng,cn=compat
 * has: hosts and users side by side, with a - where one is missing, and nothing where all are meant.
 */
const IPA: SchemaDefaults = {
  userFilter: '(&(objectClass=posixAccount)(objectClass=person))',
  groupFilter: '(&(objectClass=posixGroup)(|(objectClass=ipaUserGroup)(objectClass=mepManagedEntry)))',
  fields: {
    ...RFC2307_FIELDS,
    gecos: { kind: 'first', attributes: ['gecos', 'displayName', 'cn'] },
    groupmembers: { kind: 'members', names: ['memberUid'], dns: ['member'] },
  },
  tables: {
    netgroup: {
      filter: '(objectClass=ipaNisNetgroup)',
      key: `{cn | first | ${NETGROUP}}`,
      value:
        "{[\"({zip (if (hostCategory=all) then '' else [externalHost, follow memberHost | get [fqdn, follow all member | get fqdn]])" +
        " pad (if (hostCategory=all) then '' else '-')," +
        " (if (userCategory=all) then '' else follow memberUser | get [uid, follow all member | get uid])" +
        " pad (if (userCategory=all) then '' else '-') with ','},{nisDomainName | first or ''})\"" +
        ` | ${TRIPLE}, follow member | where (objectClass=ipaNisNetgroup) | get cn | ${NETGROUP}] | join ' '}`,
    },
  },
  followed: { netgroup: ['(objectClass=ipaHost)', '(objectClass=ipaHostGroup)'] },
}

/**
 * 1.2.840.113556.1.4.803 asks for a bit: 2 is ACCOUNTDISABLE; 2147483648 a security group, not a list of addressees;
 * 1 a group that every domain has, whose SID is no domain's.
 */
const AD_ENABLED = '(!(userAccountControl:1.2.840.113556.1.4.803:=2))'
const AD_SECURITY =
  '(&(groupType:1.2.840.113556.1.4.803:=2147483648)(!(groupType:1.2.840.113556.1.4.803:=1)))'

/** Active Directory with the attributes of RFC 2307. */
const AD: SchemaDefaults = {
  userFilter: `(&(objectCategory=person)(objectClass=user)(uidNumber=*)${AD_ENABLED})`,
  groupFilter: '(&(objectClass=group)(gidNumber=*))',
  fields: {
    ...RFC2307_FIELDS,
    name: { kind: 'first', attributes: ['sAMAccountName'] },
    gecos: { kind: 'first', attributes: ['gecos', 'displayName', 'cn'] },
    home: template("{unixHomeDirectory or '/home/{sAMAccountName}'}"),
    shell: template("{loginShell or '/bin/sh'}"),
    groupname: { kind: 'first', attributes: ['sAMAccountName'] },
    groupmembers: { kind: 'members', names: [], dns: ['member'] },
  },
  tables: {},
  followed: {},
}

/** Where any account has an id, by its SID. */
const AD_SID: SchemaDefaults = {
  ...AD,
  userFilter: `(&(objectCategory=person)(objectClass=user)${AD_ENABLED})`,
  groupFilter: `(&(objectClass=group)(|(gidNumber=*)${AD_SECURITY}))`,
}

const DEFAULTS: Readonly<Record<Schema, SchemaDefaults>> = {
  rfc2307: RFC2307,
  rfc2307bis: RFC2307BIS,
  ipa: IPA,
  ad: AD,
}

export function schemaDefaults(schema: Schema, idmap: IdMap): SchemaDefaults {
  return schema === 'ad' && idmap === 'sid' ? AD_SID : DEFAULTS[schema]
}

/** The names of the fields, in the order in which they are documented. */
export const FIELDS = Object.keys(RFC2307_FIELDS) as readonly Field[]
