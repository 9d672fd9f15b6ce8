import { expect, test } from 'vitest'
import { FLAT_FILES, makeMaps, squeezed } from '../support/lab.ts'

// What Debian's /var/yp/Makefile makes of files, with makedbm, mknetid and revnetgroup, to the byte: the reference for
// maps of the same names that are made of a directory.

interface Case {
  /** what is shown */
  readonly of: string
  readonly files: Readonly<Record<string, string>>
  readonly maps: Readonly<Record<string, readonly (readonly [key: string, value: string])[]>>
}

const CASES: readonly Case[] = [
  {
    of: 'the keys of hosts.byname are in lower case, the values as in the file, without the comment',
    files: { hosts: '192.0.2.1\tOne  one.Example.COM\t One-A # a comment\n' },
    maps: {
      'hosts.byname': [
        ['one', '192.0.2.1\tOne  one.Example.COM\t One-A'],
        ['one-a', '192.0.2.1\tOne  one.Example.COM\t One-A'],
        ['one.example.com', '192.0.2.1\tOne  one.Example.COM\t One-A'],
      ],
      'hosts.byaddr': [['192.0.2.1', '192.0.2.1\tOne  one.Example.COM\t One-A']],
    },
  },
  {
    of: 'of two lines with one key the last is kept',
    files: { hosts: '192.0.2.1 gw\n192.0.2.2 gw gw2\n' },
    maps: {
      'hosts.byname': [
        ['gw', '192.0.2.2 gw gw2'],
        ['gw2', '192.0.2.2 gw gw2'],
      ],
      'hosts.byaddr': [
        ['192.0.2.1', '192.0.2.1 gw'],
        ['192.0.2.2', '192.0.2.2 gw gw2'],
      ],
    },
  },
  {
    of: 'hosts.byname has the addresses that begin with a digit, hosts.byaddr all',
    files: { hosts: '2001:db8::1 six\nfe80::1 link\n' },
    maps: {
      'hosts.byname': [['six', '2001:db8::1 six']],
      'hosts.byaddr': [
        ['2001:db8::1', '2001:db8::1 six'],
        ['fe80::1', 'fe80::1 link'],
      ],
    },
  },
  {
    of: 'ethers keep addresses and names as they are written',
    files: { ethers: '08:00:2B:0A:0b:0c\tTwo # a comment\n' },
    maps: {
      'ethers.byname': [['Two', '08:00:2B:0A:0b:0c\tTwo']],
      'ethers.byaddr': [['08:00:2B:0A:0b:0c', '08:00:2B:0A:0b:0c\tTwo']],
    },
  },
  {
    of: 'networks, protocols and programs have a key for each name, of which none is changed',
    files: {
      networks: 'labnet  192.0.2.0 Lab-Net # a comment\n',
      protocols: 'tcp\t6\tTCP\n',
      rpc: 'portmapper\t100000\tportmap sunrpc\n',
    },
    maps: {
      'networks.byname': [
        ['Lab-Net', 'labnet  192.0.2.0 Lab-Net'],
        ['labnet', 'labnet  192.0.2.0 Lab-Net'],
      ],
      'networks.byaddr': [['192.0.2.0', 'labnet  192.0.2.0 Lab-Net']],
      'protocols.byname': [
        ['TCP', 'tcp\t6\tTCP'],
        ['tcp', 'tcp\t6\tTCP'],
      ],
      'protocols.bynumber': [['6', 'tcp\t6\tTCP']],
      'rpc.byname': [
        ['portmap', 'portmapper\t100000\tportmap sunrpc'],
        ['portmapper', 'portmapper\t100000\tportmap sunrpc'],
        ['sunrpc', 'portmapper\t100000\tportmap sunrpc'],
      ],
      'rpc.bynumber': [['100000', 'portmapper\t100000\tportmap sunrpc']],
    },
  },
  {
    of: 'services are found by port and protocol, by name and protocol, and the first of a name by the name alone',
    files: { services: 'domain 53/udp ns\ndomain 53/tcp\nother 53/tcp\n' },
    maps: {
      'services.byname': [
        ['53/tcp', 'other 53/tcp'],
        ['53/udp', 'domain 53/udp ns'],
      ],
      'services.byservicename': [
        ['domain', 'domain 53/udp ns'],
        ['domain/tcp', 'domain 53/tcp'],
        ['domain/udp', 'domain 53/udp ns'],
        ['ns', 'domain 53/udp ns'],
        ['ns/udp', 'domain 53/udp ns'],
        ['other', 'other 53/tcp'],
        ['other/tcp', 'other 53/tcp'],
      ],
    },
  },
  {
    of: 'a line that ends in a backslash goes on in the next, with its white space',
    files: { netgroup: 'all one \\\n  two\none (a,-,)\ntwo (-,b,)\nempty\n' },
    maps: {
      netgroup: [
        ['all', 'one   two'],
        ['empty', ''],
        ['one', '(a,-,)'],
        ['two', '(-,b,)'],
      ],
      'netgroup.byhost': [['a.*', 'one,all']],
      'netgroup.byuser': [['b.*', 'two,all']],
    },
  },
  {
    of: 'aliases keep the case of their names and the white space within, and end in one of an @',
    files: {
      aliases: '# a comment\nPostmaster: root\nlist: alice, bob,\n  carol\npipe: "|/bin/prog arg"\nnone:\n',
    },
    maps: {
      'mail.aliases': [
        ['@', '@'],
        ['Postmaster', 'root'],
        ['list', 'alice, bob,  carol'],
        ['none', ''],
        ['pipe', '"|/bin/prog arg"'],
      ],
    },
  },
  {
    of: 'a line is parted at its first tab, and at white space of another kind only where it has none',
    files: {
      aliases: 'list: alice,\n\tbob\n',
      netgroup: 'one (a,-,)\t(b,-,)\ntwo\t(a,-,) (b,-,)\n',
    },
    maps: {
      'mail.aliases': [
        ['@', '@'],
        ['list  alice,', 'bob'],
      ],
      netgroup: [
        ['one (a,-,)', '(b,-,)'],
        ['two', '(a,-,) (b,-,)'],
      ],
      'netgroup.byhost': [
        ['a.*', 'two,one'],
        ['b.*', 'two,one'],
      ],
      'netgroup.byuser': [],
    },
  },
  {
    of: 'the first word of a line is the key of boot parameters, masks and automount keys, the rest the value',
    files: {
      bootparams: 'diskless root=srv:/export/root  swap=srv:/swap # a comment\n',
      netmasks: '192.0.2.0\t255.255.255.0 # a comment\n',
      'auto.home': '# a comment\n*\tsrv:/export/&\nalice  -rw,soft   srv:/a # a comment\n',
    },
    maps: {
      bootparams: [['diskless', 'root=srv:/export/root  swap=srv:/swap']],
      'netmasks.byaddr': [['192.0.2.0', '255.255.255.0']],
      // Without -r: what was before the comment stays.
      'auto.home': [
        ['*', 'srv:/export/&'],
        ['alice', '-rw,soft   srv:/a '],
      ],
    },
  },
  {
    of: 'a netid has the groups in the order of the file, the primary one first, and hosts by their official names',
    files: {
      passwd: 'root:x:0:0::/root:/bin/sh\nalice:x:10001:20002::/home/alice:/bin/sh\n',
      group: 'root:x:0:\nzoo:x:20003:alice\nown:x:20002:alice\nart:x:20001:alice\n',
      hosts: '192.0.2.1 One alias\n',
    },
    maps: {
      'group.byname': [
        ['art', 'art:x:20001:alice'],
        ['own', 'own:x:20002:alice'],
        ['zoo', 'zoo:x:20003:alice'],
      ],
      'group.bygid': [
        ['20001', 'art:x:20001:alice'],
        ['20002', 'own:x:20002:alice'],
        ['20003', 'zoo:x:20003:alice'],
      ],
      'hosts.byaddr': [['192.0.2.1', '192.0.2.1 One alias']],
      'hosts.byname': [
        ['alias', '192.0.2.1 One alias'],
        ['one', '192.0.2.1 One alias'],
      ],
      'netid.byname': [
        // Whom the other maps leave out (MINUID) this one has.
        ['unix.0@lab.example', '0:0'],
        ['unix.10001@lab.example', '10001:20002,20003,20001'],
        ['unix.One@lab.example', '0:One'],
      ],
      'passwd.byname': [['alice', 'alice:x:10001:20002::/home/alice:/bin/sh']],
      'passwd.byuid': [['10001', 'alice:x:10001:20002::/home/alice:/bin/sh']],
    },
  },
]

test.each(CASES)('$of', async ({ files, maps }) => {
  expect(await makeMaps(files)).toEqual(maps)
})

test('a record of more than 1,024 bytes is left out', async () => {
  const maps = await makeMaps({ netgroup: `long ${'(a,-,) '.repeat(200)}\nshort (b,-,)\n` })
  expect(maps['netgroup']).toEqual([['short', '(b,-,)']])
})

test('the files of the lab make every map that the Makefile knows of them', async () => {
  const maps = await makeMaps(FLAT_FILES)
  expect(Object.keys(maps).sort()).toEqual([
    'auto.home',
    'auto.master',
    'bootparams',
    'ethers.byaddr',
    'ethers.byname',
    'group.bygid',
    'group.byname',
    'hosts.byaddr',
    'hosts.byname',
    'mail.aliases',
    'netgroup',
    'netgroup.byhost',
    'netgroup.byuser',
    'netid.byname',
    'netmasks.byaddr',
    'networks.byaddr',
    'networks.byname',
    'passwd.byname',
    'passwd.byuid',
    'protocols.byname',
    'protocols.bynumber',
    'publickey.byname',
    'rpc.byname',
    'rpc.bynumber',
    'services.byname',
    'services.byservicename',
    'shadow.byname',
  ])
  expect(squeezed(maps['networks.byaddr'] ?? [])).toEqual([
    ['127.0.0.0', 'loopback 127.0.0.0'],
    ['192.0.2.0', 'labnet 192.0.2.0 testnet-1'],
    ['198.51.100.0', 'backbone 198.51.100.0'],
  ])
})
