import { describe, expect, test } from 'vitest'
import { openImage } from '../../src/maps/image.ts'
import { contents, match } from '../support/map-contents.ts'
import { ALL_MAPS, build, EVERYONE, group, imageOf, rows, user } from '../support/rows.ts'

function reasons(...args: Parameters<typeof build>): readonly string[] {
  return build(...args).rejected.map(({ reason }) => reason)
}

describe('the maps', () => {
  const image = imageOf([
    rows(
      [user(), user({ name: 'bob', uid: '10002', class: 'staff', change: '1', expire: '2' })],
      [
        group({ members: ['alice', 'bob'] }),
        group({ name: 'wheel', gid: '20002', members: ['bob', 'nobody'] }),
      ],
    ),
  ])

  test('passwd.* hold seven fields and no hash, by name and by id', () => {
    const lines = [
      'alice:*:10001:20001:Alice Adams:/home/alice:/bin/sh',
      'bob:*:10002:20001:Alice Adams:/home/alice:/bin/sh',
    ]
    expect(contents(image, 'passwd.byname')).toEqual([
      ['alice', lines[0]],
      ['bob', lines[1]],
    ])
    expect(contents(image, 'passwd.byuid')).toEqual([
      ['10001', lines[0]],
      ['10002', lines[1]],
    ])
  })

  test('master.passwd.* hold ten fields with the hash, and are secure', () => {
    expect(match(image, 'master.passwd.byname', 'bob')).toBe(
      'bob:$6$salt$hash:10002:20001:staff:1:2:Alice Adams:/home/alice:/bin/sh',
    )
    expect(match(image, 'master.passwd.byuid', '10002')).toBe(match(image, 'master.passwd.byname', 'bob'))
    expect(image.maps.filter(({ secure }) => secure).map(({ name }) => name)).toEqual([
      'master.passwd.byname',
      'master.passwd.byuid',
    ])
  })

  test('group.* hold four fields, and name members that are no users too', () => {
    expect(match(image, 'group.byname', 'wheel')).toBe('wheel:*:20002:bob,nobody')
    expect(match(image, 'group.bygid', '20002')).toBe('wheel:*:20002:bob,nobody')
  })

  test('netid.byname names a gid once, though two groups have it, or the user is a member of its own group', () => {
    const members = ['alice']
    const groups = [
      group({ members }),
      group({ name: 'one', gid: '7', members }),
      group({ name: 'two', gid: '07', members }),
      group({ name: 'three', gid: '8', members: ['bob', 'alice', 'nobody'] }),
    ]
    const both = imageOf([rows([user(), user({ name: 'bob', uid: '2' })], groups)])
    expect(match(both, 'netid.byname', 'unix.10001@example.com')).toBe('10001:20001,7,8')
    expect(match(both, 'netid.byname', 'unix.2@example.com')).toBe('2:20001,8')
  })

  test('netid.byname is in the order of its whole keys', () => {
    const uids = ['1', '10', '100', '2', '11', '1000']
    const image = imageOf([rows(uids.map((uid) => user({ name: `user${uid}`, uid })))])
    const keys = contents(image, 'netid.byname').map(([key]) => key)
    expect(keys).toEqual([...keys].sort())
    expect(keys[0]).toBe('unix.1000@example.com')
  })

  test('netid.byname has the primary group first and each group once', () => {
    expect(contents(image, 'netid.byname')).toEqual([
      ['unix.10001@example.com', '10001:20001'],
      ['unix.10002@example.com', '10002:20001,20002'],
    ])
  })

  test('every map answers MATCH of the special keys, and enumerates none of them', () => {
    for (const { name } of image.maps) {
      expect(match(image, name, 'YP_LAST_MODIFIED')).toBe('1700000000')
      expect(match(image, name, 'YP_MASTER_NAME')).toBe('nis.example.com')
      expect(match(image, name, 'YP_DOMAIN_NAME')).toBe('example.com')
      expect(contents(image, name).filter(([key]) => key.startsWith('YP_'))).toEqual([])
    }
  })

  test('only the maps that are asked for are there', () => {
    const two = imageOf([rows([user()])], { maps: ['group.byname', 'passwd.byname'] })
    expect(two.maps.map(({ name }) => name)).toEqual(['group.byname', 'passwd.byname'])
  })
})

describe('a row that cannot be right is left out alone, with its reason', () => {
  const good = user({ name: 'good', uid: '1' })

  test.each([
    [{ name: '' }, 'empty user name'],
    [{ name: '+nis' }, 'user name "+nis" starts with + or -'],
    [{ name: '-x' }, 'user name "-x" starts with + or -'],
    [{ name: 'YP_MASTER_NAME' }, 'user name "YP_MASTER_NAME" starts with YP_, as the map\'s own keys do'],
    [{ name: 'a:b' }, 'user name contains a colon at byte 2'],
    [{ name: 'a\nroot' }, 'user name contains a newline at byte 2'],
    [{ uid: 'abc' }, 'uid "abc" is not a number from 0 to 4294967294'],
    [{ uid: '' }, 'uid "" is not a number from 0 to 4294967294'],
    [{ uid: '-1' }, 'uid "-1" is not a number from 0 to 4294967294'],
    [{ uid: '4294967295' }, 'uid "4294967295" is not a number from 0 to 4294967294'],
    [{ gid: '10 ' }, 'gid "10 " is not a number from 0 to 4294967294'],
    [{ gid: '0x10' }, 'gid "0x10" is not a number from 0 to 4294967294'],
    [{ gecos: 'x:0:0:root' }, 'gecos contains a colon at byte 2'],
    [{ gecos: 'x\nroot::0:0' }, 'gecos contains a newline at byte 2'],
    [{ home: '/home\0' }, 'home contains a NUL at byte 6'],
    [{ shell: '/bin/sh\r' }, 'shell contains a carriage return at byte 8'],
    [{ class: 'a:b' }, 'class contains a colon at byte 2'],
    [{ hash: 'a:b' }, 'passwd contains a colon at byte 2'],
    [{ change: 'soon' }, 'change "soon" is not a number'],
    [{ expire: '' }, 'expire "" is not a number'],
  ])('a user with %j', (fields, reason) => {
    const built = build([rows([user(fields), good])])
    expect(built.rejected).toEqual([{ directory: 'ldap.example.com', dn: user(fields).dn, reason }])
    expect(built.counts.users).toBe(1)
  })

  test.each([
    [{ name: '' }, 'empty group name'],
    [{ name: '+' }, 'group name "+" starts with + or -'],
    [{ gid: 'x' }, 'gid "x" is not a number from 0 to 4294967294'],
    [{ password: 'a:b' }, 'passwd contains a colon at byte 2'],
    [{ name: 'x'.repeat(1030) }, 'name of 1030 bytes: at most 1024'],
  ])('a group with %j', (fields, reason) => {
    const built = build([rows([good], [group(fields), group({ name: 'other', gid: '7' })])])
    expect(built.rejected.map((one) => one.reason)).toEqual([reason])
    expect(built.counts).toMatchObject({ users: 1, groups: 1 })
  })

  test('a user whose line is over the record limit', () => {
    expect(reasons([rows([user({ gecos: 'x'.repeat(1024) }), good])])).toEqual([
      'line of 1080 bytes: the record limit is 1024',
    ])
  })

  test('a member that can be no name is left out alone, and its group stays', () => {
    const members = ['alice', 'a,b', 'c:d', '', '+x', 'bob', 'alice']
    const built = build([rows([user()], [group({ members })])])
    expect(built.rejected.map(({ reason }) => reason)).toEqual([
      'member "a,b" contains a comma, left out of group "staff"',
      'member name contains a colon at byte 2, left out of group "staff"',
      'empty member name, left out of group "staff"',
      'member name "+x" starts with + or -, left out of group "staff"',
    ])
    expect(match(imageOf([rows([user()], [group({ members })])]), 'group.byname', 'staff')).toBe(
      'staff:*:20001:alice,bob',
    )
  })

  test('a second entry of one name in a directory is told of, and the first kept', () => {
    const built = build([rows([user(), user({ uid: '2' })], [group(), group({ gid: '3' })])])
    expect(built.rejected.map(({ reason }) => reason)).toEqual([
      'a second user named "alice"',
      'a second group named "staff"',
    ])
  })

  test('an entry that is left out takes nothing from a later one of its name', () => {
    const built = build([rows([user({ uid: '-' }), user()], [group({ gid: '' }), group()])])
    expect(built.rejected).toHaveLength(2)
    const image = openImage(built.bytes)
    expect(match(image, 'passwd.byname', 'alice')).toMatch(/^alice:/)
    expect(match(image, 'group.byname', 'staff')).toMatch(/^staff:/)
  })

  test('the rows that a directory had rejected itself are told of with the others', () => {
    const one = { ...rows([user()]), rejected: [{ dn: 'uid=x', reason: 'no uidNumber' }] }
    expect(build([one]).rejected).toEqual([
      { directory: 'ldap.example.com', dn: 'uid=x', reason: 'no uidNumber' },
    ])
  })
})

describe('ids', () => {
  test('up to 4294967294 are kept as they are, everywhere', () => {
    const big = user({ uid: '4294967294', gid: '4294967294' })
    const image = imageOf([
      rows([big], [group({ gid: '4294967294' }), group({ name: 'two', gid: '3000000000' })]),
    ])
    expect(match(image, 'passwd.byuid', '4294967294')).toContain(':4294967294:4294967294:')
    expect(match(image, 'group.bygid', '3000000000')).toBe('two:*:3000000000:alice')
    expect(match(image, 'netid.byname', 'unix.4294967294@example.com')).toBe(
      '4294967294:4294967294,3000000000',
    )
  })

  test('with leading zeros become their shortest form, so that a look-up by id finds them', () => {
    const image = imageOf([rows([user({ uid: '0042' })])])
    expect(match(image, 'passwd.byuid', '42')).toContain('alice:*:42:')
  })

  test('shared by two names belong to the name that sorts first', () => {
    const image = imageOf([rows([user({ name: 'zoe', uid: '7' }), user({ name: 'amy', uid: '7' })])])
    expect(match(image, 'passwd.byuid', '7')).toContain('amy:')
    expect(contents(image, 'passwd.byuid')).toHaveLength(1)
    expect(contents(image, 'passwd.byname')).toHaveLength(2)
  })
})

describe('what the configuration refuses is in no map', () => {
  const HASHES = ['shadow.byname', 'passwd.adjunct.byname']
  const admission = { minimumUid: 1, minimumGid: 1, refusedNames: new Set(['daemon', 'wheel']) }
  const refused = [
    user({ name: 'toor', uid: '0' }),
    user({ name: 'operator', uid: '7', gid: '0' }),
    user({ name: 'zeros', uid: '8', gid: '000' }),
    user({ name: 'daemon', uid: '9' }),
  ]
  const groups = [
    group({ name: 'root', gid: '0' }),
    group({ name: 'wheel', gid: '5' }),
    group({ members: ['daemon', 'alice', 'toor'] }),
  ]
  const maps = [...ALL_MAPS, ...HASHES]
  const built = build([rows([user(), ...refused], groups)], { admission, maps })

  test('and each row, and each name of a member, is named with the reason', () => {
    expect(built.rejected.map(({ dn, reason }) => `${dn.split(',')[0]}: ${reason}`)).toEqual([
      'uid=toor: uid 0 is refused: "minimum uid" is 1',
      'uid=operator: gid 0 is refused: "minimum gid" is 1',
      'uid=zeros: gid 0 is refused: "minimum gid" is 1',
      'uid=daemon: user name "daemon" is refused by the configuration',
      'cn=root: gid 0 is refused: "minimum gid" is 1',
      'cn=wheel: group name "wheel" is refused by the configuration',
      'cn=staff: member name "daemon" is refused by the configuration, left out of group "staff"',
    ])
    expect(built.counts).toMatchObject({ users: 1, groups: 1 })
  })

  test.each(maps)('%s', (name) => {
    const all = contents(openImage(built.bytes), name)
    expect(all).toHaveLength(1)
    expect(all.join()).not.toMatch(/daemon|wheel|operator|root|:\*:0:|:10001:0/)
  })

  test('but for a member whose own row has another fault: that name may be of an account of the client', () => {
    expect(match(openImage(built.bytes), 'group.byname', 'staff')).toBe('staff:*:20001:alice,toor')
  })

  test('up to the minimum, and not what is it', () => {
    const least = { minimumUid: 1000, minimumGid: 100, refusedNames: new Set<string>() }
    const users = [user({ uid: '999', gid: '100' }), user({ name: 'bob', uid: '1000', gid: '100' })]
    const some = [group({ name: 'low', gid: '99' }), group({ name: 'high', gid: '100' })]
    const image = imageOf([rows(users, some)], { admission: least })
    expect(contents(image, 'passwd.byname').map(([key]) => key)).toEqual(['bob'])
    expect(contents(image, 'group.byname').map(([key]) => key)).toEqual(['high'])
  })

  test('unless it says that all ids may be', () => {
    const image = imageOf([rows(refused, groups)], { admission: EVERYONE })
    expect(match(image, 'passwd.byuid', '0')).toMatch(/^toor:/)
    expect(match(image, 'group.bygid', '0')).toMatch(/^root:/)
  })
})

describe('several directories', () => {
  test('merge, and the first that knows a name wins', () => {
    const image = imageOf([
      rows([user({ gecos: 'first' })], [group({ members: ['a'] })], 'one'),
      rows([user({ gecos: 'second' }), user({ name: 'bob', uid: '2' })], [group({ members: ['b'] })], 'two'),
    ])
    expect(match(image, 'passwd.byname', 'alice')).toContain(':first:')
    expect(match(image, 'passwd.byname', 'bob')).toBeDefined()
    expect(match(image, 'group.byname', 'staff')).toBe('staff:*:20001:a')
  })

  test('that both know a name are no reason for a warning', () => {
    expect(reasons([rows([user()], [], 'one'), rows([user()], [], 'two')])).toEqual([])
  })
})

describe('the record limit', () => {
  const members = Array.from({ length: 300 }, (_, i) => `member${i}`)
  const many = Array.from({ length: 300 }, (_, i) => group({ name: `g${i}`, gid: String(100_000 + i) }))

  test('cuts a group at a member boundary, counts it and names it', () => {
    const built = build([rows([user()], [group({ members })])], { recordLimit: 1024 })
    const line = match(imageOf([rows([user()], [group({ members })])]), 'group.byname', 'staff')!
    expect(line.length).toBeLessThanOrEqual(1024)
    expect(line.length).toBeGreaterThan(1024 - 'member299,'.length)
    const kept = line.split(':')[3]!.split(',')
    expect(kept).toEqual(members.slice(0, kept.length))
    expect(built.rejected).toEqual([
      {
        directory: 'ldap.example.com',
        dn: 'cn=staff,ou=groups,dc=example,dc=com',
        reason: `group "staff" is over the record limit of 1024 bytes: ${300 - kept.length} of 300 members left out`,
      },
    ])
  })

  test('is told of a group once, by whichever of its maps is served', () => {
    for (const maps of [['group.byname'], ['group.bygid'], ['group.bygid', 'group.byname']]) {
      expect(build([rows([user()], [group({ members })])], { maps }).rejected).toHaveLength(1)
    }
  })

  test('lets a line of exactly its size pass', () => {
    const exact = 'staff:*:20001:'.length + 'member0'.length
    const one = [rows([], [group({ members: ['member0'] })])]
    expect(match(imageOf(one, { recordLimit: exact }), 'group.byname', 'staff')).toBe('staff:*:20001:member0')
    expect(match(imageOf(one, { recordLimit: exact - 1 }), 'group.byname', 'staff')).toBe('staff:*:20001:')
  })

  test('can be raised for clients that take more', () => {
    const image = imageOf([rows([user()], [group({ members })])], { recordLimit: 8192 })
    expect(match(image, 'group.byname', 'staff')!.split(',')).toHaveLength(300)
  })

  test('cuts a netid at whole gids', () => {
    const built = build([rows([user()], many)])
    const line = match(imageOf([rows([user()], many)]), 'netid.byname', 'unix.10001@example.com')!
    expect(line.length).toBeLessThanOrEqual(1024)
    const gids = line.split(':')[1]!.split(',')
    expect(gids[0]).toBe('20001')
    expect(gids.slice(1).every((gid) => /^1\d{5}$/.test(gid))).toBe(true)
    expect(built.rejected.map(({ reason }) => reason)).toEqual([
      `netid of user "alice" is over the record limit of 1024 bytes: ${301 - gids.length} of 301 groups left out`,
    ])
  })

  test('splits a group into several of one gid, whose names were free and which have all its members', () => {
    const given = [rows([user()], [group({ members }), group({ name: 'staff_2', gid: '20002' })])]
    const options = { overflow: 'split' } as const
    const image = imageOf(given, options)
    const lines = new Map(contents(image, 'group.byname'))
    expect([...lines.keys()]).toEqual(['staff', 'staff_1', 'staff_2', 'staff_3'])
    const parts = ['staff', 'staff_1', 'staff_3'].map((name) => lines.get(name)!.split(':'))
    for (const part of parts) expect([part[2], part.join(':').length <= 1024]).toEqual(['20001', true])
    expect(parts.flatMap((part) => part[3]!.split(','))).toEqual(members)
    expect(match(image, 'group.bygid', '20001')).toBe(lines.get('staff'))
    expect(reasons(given, options)).toEqual([
      'group "staff" is over the record limit of 1024 bytes: split into 3 of one gid',
    ])
  })

  test('leaves a member whom no part of a split group can hold out, and says so', () => {
    const long = 'm'.repeat(400)
    const options = { overflow: 'split', recordLimit: 300 } as const
    const given = [rows([], [group({ members: [long, 'bob'] })])]
    expect(match(imageOf(given, options), 'group.byname', 'staff')).toBe('staff:*:20001:bob')
    expect(reasons(given, options)).toEqual([
      'group "staff" is over the record limit of 300 bytes: split into 1 of one gid, 1 of 2 members left out',
    ])
  })

  test('keeps what is longer where it is told to, users too, and names it', () => {
    const given = [rows([user({ gecos: 'g'.repeat(2000) })], [group({ members }), ...many])]
    const options = { overflow: 'keep' } as const
    const image = imageOf(given, options)
    expect(match(image, 'group.byname', 'staff')!.split(',')).toHaveLength(300)
    expect(match(image, 'netid.byname', 'unix.10001@example.com')!.split(',')).toHaveLength(301)
    expect(match(image, 'passwd.byname', 'alice')!.length).toBeGreaterThan(2000)
    expect(reasons(given, options)).toEqual([
      expect.stringMatching(
        /^group "staff" is over the record limit of 1024 bytes: kept with its \d+ bytes$/,
      ),
      expect.stringMatching(/^netid of user "alice" .*: kept with its \d+ bytes$/),
    ])
  })

  test('cuts at 65,536 bytes what it is told to keep', () => {
    const endless = Array.from({ length: 10_000 }, (_, i) => `member${i}`)
    const line = match(
      imageOf([rows([], [group({ members: endless })])], { overflow: 'keep' }),
      'group.byname',
      'staff',
    )!
    expect(line.length).toBeLessThanOrEqual(65_536)
    expect(line.length).toBeGreaterThan(65_500)
  })

  test('drops the group and the netid where it is told to, and nothing else', () => {
    const given = [rows([user(), user({ name: 'bob', uid: '10002' })], [group({ members }), ...many])]
    const options = { overflow: 'drop' } as const
    const image = imageOf(given, options)
    expect(contents(image, 'group.byname').map(([name]) => name)).not.toContain('staff')
    expect(match(image, 'group.bygid', '20001')).toBeUndefined()
    expect(contents(image, 'netid.byname').map(([key]) => key)).toEqual(['unix.10002@example.com'])
    expect(contents(image, 'passwd.byname')).toHaveLength(2)
    expect(reasons(given, options)).toEqual([
      expect.stringMatching(/^group "staff" .*: left out with its \d+ bytes$/),
      expect.stringMatching(/^netid of user "alice" .*: left out with its \d+ bytes$/),
    ])
  })
})
