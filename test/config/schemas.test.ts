import { describe, expect, test } from 'vitest'
import { BUILTIN_MAPS, HASH_MAPS, MAP_GROUPS } from '../../src/config/builtin-maps.ts'
import { type DirectoryConfig, type Field, SCHEMAS, type Source } from '../../src/config/config.ts'
import { FIELDS } from '../../src/config/schemas.ts'
import { checkDirectories } from '../../src/directory/check.ts'
import { DOMAIN, directoryOf, domainOf, problemsOf } from './check.ts'

const BASE = 'basedn "dc=b"\n'

function fieldsOf(directory: DirectoryConfig): Record<Field, unknown> {
  return Object.fromEntries(
    Object.entries(directory.fields).map(([name, source]) => [name, shown(source)]),
  ) as Record<Field, unknown>
}

/** A source without the place of its text. */
function shown(source: Source): unknown {
  return source.kind === 'template' ? { kind: 'template', text: source.text.value } : source
}

function filtersOf({ userFilter, groupFilter }: DirectoryConfig): readonly string[] {
  return [userFilter.value, groupFilter.value]
}

const RFC2307: Readonly<Record<Field, unknown>> = {
  name: first('uid'),
  passwd: { kind: 'fixed', value: '*' },
  uid: first('uidNumber'),
  gid: first('gidNumber'),
  class: { kind: 'fixed', value: '' },
  change: { kind: 'fixed', value: '0' },
  expire: { kind: 'fixed', value: '0' },
  gecos: first('gecos', 'cn'),
  home: first('homeDirectory'),
  shell: first('loginShell'),
  groupname: first('cn'),
  grouppasswd: { kind: 'fixed', value: '*' },
  groupgid: first('gidNumber'),
  groupmembers: { kind: 'list', attribute: 'memberUid' },
}

function first(...attributes: string[]): unknown {
  return { kind: 'first', attributes }
}

function members(names: readonly string[], dns: readonly string[]): unknown {
  return { kind: 'members', names, dns }
}

const PERSON = '(objectCategory=person)(objectClass=user)'
const ENABLED = '(!(userAccountControl:1.2.840.113556.1.4.803:=2))'
const AD_FIELDS = {
  ...RFC2307,
  name: first('sAMAccountName'),
  gecos: first('gecos', 'displayName', 'cn'),
  home: { kind: 'template', text: "{unixHomeDirectory or '/home/{sAMAccountName}'}" },
  shell: { kind: 'template', text: "{loginShell or '/bin/sh'}" },
  groupname: first('sAMAccountName'),
  groupmembers: members([], ['member']),
}

describe('a schema', () => {
  test.each([
    ['', ['(objectClass=posixAccount)', '(objectClass=posixGroup)'], RFC2307],
    ['schema rfc2307', ['(objectClass=posixAccount)', '(objectClass=posixGroup)'], RFC2307],
    [
      'schema rfc2307bis',
      ['(objectClass=posixAccount)', '(objectClass=posixGroup)'],
      { ...RFC2307, groupmembers: members(['memberUid'], ['member', 'uniqueMember']) },
    ],
    [
      'schema ipa',
      [
        '(&(objectClass=posixAccount)(objectClass=person))',
        '(&(objectClass=posixGroup)(|(objectClass=ipaUserGroup)(objectClass=mepManagedEntry)))',
      ],
      {
        ...RFC2307,
        gecos: first('gecos', 'displayName', 'cn'),
        groupmembers: members(['memberUid'], ['member']),
      },
    ],
    ['schema ad', [`(&${PERSON}(uidNumber=*)${ENABLED})`, '(&(objectClass=group)(gidNumber=*))'], AD_FIELDS],
    [
      'schema ad\nidmap sid',
      [
        `(&${PERSON}${ENABLED})`,
        '(&(objectClass=group)(|(gidNumber=*)(&(groupType:1.2.840.113556.1.4.803:=2147483648)(!(groupType:1.2.840.113556.1.4.803:=1)))))',
      ],
      AD_FIELDS,
    ],
  ])('%s sets filters and fields', (lines, filters, fields) => {
    const directory = directoryOf('h', BASE + lines)
    expect(filtersOf(directory)).toEqual(filters)
    expect(fieldsOf(directory)).toEqual(fields)
  })

  test('is rfc2307 without ids of SIDs when nothing is said', () => {
    expect(directoryOf('h', BASE)).toMatchObject({ schema: 'rfc2307', idmap: 'none' })
    expect(directoryOf('h', `${BASE}schema ad\nidmap none`)).toMatchObject({ schema: 'ad', idmap: 'none' })
    expect(directoryOf('h', `${BASE}schema ad\nidmap sid`)).toMatchObject({ schema: 'ad', idmap: 'sid' })
    expect(directoryOf('h', `${BASE}schema ad\nschema ipa`).schema).toBe('ipa')
  })

  describe.each(SCHEMAS)('%s gives way', (schema) => {
    test.each(['passwd', 'group'])('to another filter of %s, before it or after it', (what) => {
      const own = `${what} filter "(own=1)"`
      const [user, group] = filtersOf(directoryOf('h', `${BASE}schema ${schema}`))
      const expected = what === 'passwd' ? ['(own=1)', group] : [user, '(own=1)']
      expect(filtersOf(directoryOf('h', `${BASE}${own}\nschema ${schema}`))).toEqual(expected)
      expect(filtersOf(directoryOf('h', `${BASE}schema ${schema}\n${own}`))).toEqual(expected)
    })

    test.each(FIELDS)('to another source of %s, and all other fields stay', (field) => {
      const usual = fieldsOf(directoryOf('h', `${BASE}schema ${schema}`))
      for (const [own, expected] of [
        [`attribute ${field} maps to "own"`, first('own')],
        [`fixed attribute ${field} "own"`, { kind: 'fixed', value: 'own' }],
        [`template ${field} "{own}"`, { kind: 'template', text: '{own}' }],
      ] as const) {
        const fields = fieldsOf(directoryOf('h', `${BASE}${own}\nschema ${schema}`))
        expect(fields).toEqual({ ...usual, [field]: expected })
      }
    })
  })

  test.each(['rfc2307bis', 'ipa', 'ad'])(
    '%s takes a list of members for DNs, but for memberUid',
    (schema) => {
      const membersOf = (attribute: string) =>
        directoryOf('h', `${BASE}schema ${schema}\nlist groupmembers maps to "${attribute}"`).fields
          .groupmembers
      expect(membersOf('owner')).toEqual(members([], ['owner']))
      expect(membersOf('memberuid')).toEqual({ kind: 'list', attribute: 'memberuid' })
    },
  )

  test('rfc2307 takes a list of members for names, whatever it is called', () => {
    const { fields } = directoryOf('h', `${BASE}list groupmembers maps to "member"`)
    expect(fields.groupmembers).toEqual({ kind: 'list', attribute: 'member' })
  })

  test.each(['', 'schema rfc2307\n', 'schema rfc2307bis\n', 'schema ipa\n'])(
    '%j has no SIDs that ids could come of',
    (schema) => {
      const at = schema === '' ? 't:4:1' : 't:5:1'
      expect(problemsOf(`${DOMAIN}directory h {\n${BASE}${schema}idmap sid\n}\n`)).toEqual([
        `${at}: 'idmap sid' without Active Directory, expected 'schema ad' as well`,
      ])
    },
  )

  test('that is misspelt is told once', () => {
    expect(problemsOf(`${DOMAIN}directory h {\n${BASE}schema AD\nidmap sid\n}\n`)).toEqual([
      `t:4:8: unexpected word, expected one of the schemas ${SCHEMAS.join(', ')}`,
    ])
    expect(problemsOf(`${DOMAIN}directory h {\n${BASE}schema ad\nidmap rid\n}\n`)).toEqual([
      "t:5:7: unexpected word, expected 'sid' or 'none'",
    ])
  })

  test('of one directory is not that of another', () => {
    const { directories } = domainOf(
      `${DOMAIN}directory g { ${BASE.trim()} schema ad }\ndirectory h { ${BASE.trim()} }\n`,
    )
    expect(directories.map(({ schema }) => schema)).toEqual(['ad', 'rfc2307'])
  })
})

function ipaTables(lines: string): unknown[] {
  const [directory] = domainOf(`${DOMAIN}${lines}\ndirectory h { basedn b schema ipa }\n`).directories
  return directory!.tables.map(({ of, filter }) => [of.kind, filter.value])
}

describe('the users and groups of FreeIPA', () => {
  test.each([
    ['basedn "dc=b"', 'cn=accounts,dc=b', 'cn=accounts,dc=b'],
    ['basedn "CN = Accounts, dc=b"', 'CN = Accounts, dc=b', 'CN = Accounts, dc=b'],
    ['basedn "cn=users,cn=accounts,dc=b"', 'cn=users,cn=accounts,dc=b', 'cn=users,cn=accounts,dc=b'],
    ['basedn "dc=b"\ngroupdn "cn=g,dc=b"', 'cn=accounts,dc=b', 'cn=g,dc=b'],
    ['basedn ""', '', ''],
  ])('of %s are searched below cn=accounts, of which deleted ones are not', (lines, users, groups) => {
    const { userBase, groupBase } = directoryOf('h', `${lines}\nschema ipa`)
    expect([userBase.value, groupBase.value]).toEqual([users, groups])
  })

  test('have tables beside them that are searched below all of basedn', () => {
    const lines = `provide map netgroup\nprovide map ypservers\nmap "group.byname" { key "{k}" value "{v}" }`
    const [directory] = domainOf(`${DOMAIN}${lines}\ndirectory h { ${BASE.trim()} schema ipa }\n`).directories
    const bases = directory!.tables.map(({ of, base }) => [
      of.kind === 'named' ? of.map : of.kind,
      base.value,
    ])
    expect(bases).toEqual([
      ['group.byname', 'cn=accounts,dc=b'],
      ['netgroup', 'dc=b'],
      ['ypservers', 'dc=b'],
      ['followed', 'dc=b'],
      ['followed', 'dc=b'],
    ])
  })

  test('have netgroups of their own, unless a block has templates', () => {
    expect(ipaTables('provide map netgroup')).toEqual([
      ['named', '(objectClass=ipaNisNetgroup)'],
      ['followed', '(objectClass=ipaHost)'],
      ['followed', '(objectClass=ipaHostGroup)'],
    ])
    expect(ipaTables('map "netgroup" { key "{cn}" value "{v}" }')).toEqual([
      ['named', '(objectClass=ipaNisNetgroup)'],
    ])
  })
})

function directoryWith(lines: string, block = ''): DirectoryConfig {
  const [directory] = domainOf(`${DOMAIN}${lines}\ndirectory h {\n${BASE}${block}\n}\n`).directories
  return directory!
}

describe('the password', () => {
  test.each(HASH_MAPS)('is that of userPassword where %s is provided', (name) => {
    expect(directoryWith(`provide map ${name}`).fields.passwd).toEqual(first('userPassword'))
    expect(directoryWith(`map "${name}" { port any }`).fields.passwd).toEqual(first('userPassword'))
    expect(directoryWith(`provide map ${name}`, 'fixed attribute passwd "x"').fields.passwd).toEqual({
      kind: 'fixed',
      value: 'x',
    })
  })

  test('is no hash because of a table of that name, nor because of master.passwd', () => {
    for (const lines of [
      'map "shadow.byname" { key "{uid}" value "{v}" }',
      'provide map master.passwd.byname',
    ]) {
      expect(directoryWith(lines)).toMatchObject({
        shadow: false,
        fields: { passwd: { kind: 'fixed', value: '*' } },
      })
    }
  })

  test('has the fields of shadow(5) beside it for shadow.byname alone', () => {
    const shadows = ['shadow.byname', 'passwd.adjunct.byname'].map(
      (name) => directoryWith(`provide map ${name}`).shadow,
    )
    expect(shadows).toEqual([true, false])
  })
})

describe('what ypldap brings along', () => {
  const all = [
    ...BUILTIN_MAPS.map((name) => `provide map "${name}"\n`),
    ...Object.keys(MAP_GROUPS).map((group) => `provide maps ${group}\n`),
    'map "own" { }\n',
  ].join('')

  test.each(['rfc2307', 'rfc2307bis', 'ipa', 'ad', 'ad\nidmap sid'])(
    'has good filters and templates: schema %s',
    (schema) => {
      const domain = domainOf(`${DOMAIN}${all}directory h {\n${BASE}schema ${schema}\n}\n`)
      expect(domain.directories[0]!.tables.length).toBeGreaterThan(25)
      expect(checkDirectories(domain)).toEqual([])
    },
  )

  test('is checked by what finds a bad one', () => {
    const domain = domainOf(
      `${DOMAIN}map "x" { base "b" filter "(f" key "{k" value "{v | nothing}" }\ndirectory h {\n${BASE}template home "{parent | get cn}"\n}\n`,
    )
    expect(checkDirectories(domain).map(({ at, message }) => [at.line, message.split(':', 1)[0]])).toEqual([
      [2, 'the base of the map x'],
      [2, 'the filter of the map x'],
      [2, 'the key of the map x'],
      [2, 'the value of the map x'],
      [5, 'the template of home'],
    ])
  })
})
