import { describe, expect, test } from 'vitest'

import type { Source } from '../../src/config/config.ts'
import { createAccounts } from '../../src/directory/accounts.ts'
import type { Entry } from '../../src/directory/entry.ts'
import type { Fields } from '../../src/directory/fields.ts'
import { createGatherer } from '../../src/directory/gather.ts'
import { groupAttributes, userAttributes } from '../../src/directory/rows.ts'
import { directory, FIELDS, first, fixed, list, makeEntry } from './samples.ts'

/** What becomes of one entry: its row, or why there is none. */
function userRow(entry: Entry, fields: Fields) {
  const accounts = createAccounts(directory(389, { fields }), 'example.com')
  accounts.addUser(entry)
  const { users, rejected } = accounts.gathered()
  return users[0] ?? rejected[0]!
}

function groupRow(entry: Entry, fields: Fields) {
  const accounts = createAccounts(directory(389, { fields }), 'example.com')
  accounts.addGroup(entry)
  const { groups, rejected } = accounts.gathered()
  return groups[0] ?? rejected[0]!
}

const DN = 'uid=alice,ou=people,dc=example,dc=com'
const ALICE = {
  uid: ['alice'],
  uidNumber: ['10001'],
  gidNumber: ['100'],
  homeDirectory: ['/home/alice'],
}

describe('a user', () => {
  test('is made of the attributes its fields are mapped to', () => {
    const entry = makeEntry(DN, {
      ...ALICE,
      cn: ['Alice Archer'],
      gecos: ['Alice'],
      loginShell: ['/bin/sh'],
      shadowLastChange: ['20000'],
      userPassword: ['{CRYPT}$6$salt$hash'],
    })
    const fields = { ...FIELDS, class: first('userClass'), expire: first('shadowExpire') }
    expect(userRow(entry, fields)).toEqual({
      name: 'alice',
      password: '*',
      hash: '$6$salt$hash',
      uid: '10001',
      gid: '100',
      class: '',
      change: '20000',
      expire: '0',
      gecos: 'Alice',
      home: '/home/alice',
      shell: '/bin/sh',
      shadow: '',
      dn: DN,
    })
  })

  test('needs no gecos, shell, class, change or expire', () => {
    expect(userRow(makeEntry(DN, ALICE), FIELDS)).toMatchObject({
      gecos: '',
      shell: '',
      class: '',
      change: '0',
      expire: '0',
    })
  })

  test('takes the first value of the first attribute that has one', () => {
    const entry = makeEntry(DN, { ...ALICE, cn: ['one', 'two'] })
    expect(userRow(entry, FIELDS)).toMatchObject({ gecos: 'one' })
  })

  test('takes all values of a list, joined', () => {
    const fields = { ...FIELDS, gecos: list('cn') }
    const entry = makeEntry(DN, { ...ALICE, cn: ['one', 'two'] })
    expect(userRow(entry, fields)).toMatchObject({ gecos: 'one,two' })
  })

  test('takes a fixed text as UTF-8, whatever the entry says', () => {
    const fields = { ...FIELDS, gecos: fixed('é') }
    const entry = makeEntry(DN, { ...ALICE, gecos: ['x'] })
    expect(userRow(entry, fields)).toMatchObject({ gecos: '\xc3\xa9' })
  })

  test('keeps bytes that are not UTF-8', () => {
    const entry = makeEntry(DN, { ...ALICE, gecos: ['\xff\xe9'] })
    expect(userRow(entry, FIELDS)).toMatchObject({ gecos: '\xff\xe9' })
  })

  test.each([
    ['uid', 'name'],
    ['uidNumber', 'uid'],
    ['gidNumber', 'gid'],
    ['homeDirectory', 'home'],
  ])('is rejected without %s, which gives the %s, and with an empty one', (attribute, field) => {
    for (const values of [[], ['']]) {
      const row = userRow(makeEntry(DN, { ...ALICE, [attribute]: values }), FIELDS)
      expect(row).toEqual({ dn: DN, reason: `no value of ${attribute}, which gives the ${field}` })
    }
  })

  test('is rejected with all the attributes named that might have given the field', () => {
    const fields = { ...FIELDS, home: first('unixHomeDirectory', 'home') }
    expect(userRow(makeEntry(DN, ALICE), fields)).toHaveProperty(
      'reason',
      'no value of unixHomeDirectory or home, which gives the home',
    )
  })

  test('is rejected when a mandatory field is fixed to nothing', () => {
    expect(userRow(makeEntry(DN, ALICE), { ...FIELDS, home: fixed('') })).toHaveProperty(
      'reason',
      'the fixed home is empty',
    )
  })
})

/** What passwd and master.passwd show. */
function passwords(values: string[], source: Source = first('userPassword')) {
  const row = userRow(makeEntry(DN, { ...ALICE, userPassword: values }), { ...FIELDS, passwd: source })
  return 'hash' in row ? [row.password, row.hash] : row
}

test('a user that has less than the one before takes nothing from it', () => {
  const accounts = createAccounts(
    directory(389, { fields: { ...FIELDS, expire: first('shadowExpire') } }),
    'example.com',
  )
  const more = { ...ALICE, loginShell: ['/bin/sh'], shadowLastChange: ['20000'], shadowExpire: ['30000'] }
  for (const attributes of [more, ALICE]) accounts.addUser(makeEntry(DN, attributes))
  const [one, two] = accounts.gathered().users
  expect(one).toMatchObject({ shell: '/bin/sh', change: '20000', expire: '30000' })
  expect(two).toMatchObject({ gid: '100', shell: '', change: '0', expire: '0' })
})

describe("a user's hash", () => {
  test.each([
    ['what follows {CRYPT}', ['{CRYPT}$1$a$b'], '$1$a$b'],
    ['what follows {crypt}', ['{crypt}ab1234567890.'], 'ab1234567890.'],
    ['a value without a scheme that has the form of crypt(5)', ['$2b$10$abc'], '$2b$10$abc'],
    ['a traditional BSDi hash without a scheme', ['_J9..K0AyUubDrfOgO4s'], '_J9..K0AyUubDrfOgO4s'],
    ['* for a password in clear text', ['secret'], '*'],
    ['* for clear text that looks a little like a hash', ['$secret', '_secret', '$$x'], '*'],
    ['the first of several that is one', ['{SSHA}xyz', '{CRYPT}one', '{CRYPT}two'], 'one'],
    ['* for another scheme', ['{SSHA}xyz'], '*'],
    ['* for a scheme that only begins alike', ['{CRYPTO}xyz'], '*'],
    ['* when there is none', [], '*'],
    ['* when it is empty', [''], '*'],
    ['* when nothing follows {CRYPT}', ['{CRYPT}'], '*'],
  ])('is %s, and passwd shows *', (_what, values, expected) => {
    expect(passwords(values)).toEqual(['*', expected])
  })

  test('is the fixed text, and passwd shows it too', () => {
    expect(passwords(['{CRYPT}secret'], fixed('x'))).toEqual(['x', 'x'])
  })

  test('is never empty: an empty password field lets everyone in', () => {
    expect(passwords([], fixed(''))).toEqual(['*', '*'])
  })
})

const dn = 'cn=staff,ou=groups,dc=example,dc=com'
const staff = { cn: ['staff'], gidNumber: ['100'], memberUid: ['alice', 'bob'] }

function staffWith(field: 'grouppasswd' | 'groupmembers', source: Source) {
  return groupRow(makeEntry(dn, { ...staff, userPassword: ['{CRYPT}x'] }), { ...FIELDS, [field]: source })
}

describe('a group', () => {
  test('is made of the attributes its fields are mapped to', () => {
    expect(groupRow(makeEntry(dn, staff), FIELDS)).toEqual({
      name: 'staff',
      password: '*',
      gid: '100',
      members: ['alice', 'bob'],
      dn,
    })
  })

  test('needs no members', () => {
    expect(groupRow(makeEntry(dn, { ...staff, memberUid: [] }), FIELDS)).toHaveProperty('members', [])
  })

  test.each([
    ['cn', 'groupname'],
    ['gidNumber', 'groupgid'],
  ])('is rejected without %s, which gives the %s', (attribute, field) => {
    const row = groupRow(makeEntry(dn, { ...staff, [attribute]: [] }), FIELDS)
    expect(row).toEqual({ dn, reason: `no value of ${attribute}, which gives the ${field}` })
  })

  test('shows a fixed password and no other', () => {
    expect(staffWith('grouppasswd', fixed('x'))).toHaveProperty('password', 'x')
    expect(staffWith('grouppasswd', fixed(''))).toHaveProperty('password', '*')
    expect(staffWith('grouppasswd', first('userPassword'))).toHaveProperty('password', '*')
  })

  test('takes one member of a mapping that is no list, and the names of a fixed text', () => {
    expect(staffWith('groupmembers', first('memberUid'))).toHaveProperty('members', ['alice'])
    expect(staffWith('groupmembers', first('nothing'))).toHaveProperty('members', [])
    expect(staffWith('groupmembers', fixed('x,y'))).toHaveProperty('members', ['x', 'y'])
    expect(staffWith('groupmembers', fixed(''))).toHaveProperty('members', [])
  })

  test('is rejected when only a part of its members is there', () => {
    const entry = makeEntry(dn, { ...staff, memberUid: [], 'memberUid;range=0-1499': ['alice'] })
    const gatherer = createGatherer(directory(389), 'example.com')
    gatherer.groups.add(entry)
    const { groups, rejected } = gatherer.gathered()
    expect({ groups, rejected }).toEqual({
      groups: [],
      rejected: [{ dn, reason: 'only a part of a list is there (memberuid;range=0-1499)' }],
    })
  })
})

describe('the attributes to ask for', () => {
  test('are those the fields are mapped to, each once, and none for what is fixed', () => {
    const fields = { ...FIELDS, class: first('CN', 'title'), shell: list('loginShell') }
    const names = userAttributes(directory(389, { fields })).map((name) => name.toLowerCase())
    expect(names.sort()).toEqual([
      'cn',
      'gecos',
      'gidnumber',
      'homedirectory',
      'loginshell',
      'shadowlastchange',
      'title',
      'uid',
      'uidnumber',
      'userpassword',
    ])
  })

  test('leave out a group password, which is never shown', () => {
    const fields = { ...FIELDS, grouppasswd: first('userPassword') }
    expect(groupAttributes(directory(389, { fields })).sort()).toEqual(['cn', 'gidNumber', 'memberUid'])
  })
})
