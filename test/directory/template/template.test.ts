import { describe, expect, test } from 'vitest'

import { utf8Octets } from '../../../src/directory/octets.ts'
import { EvaluationError } from '../../../src/directory/template/error.ts'
import { evaluate, parseTemplate } from '../../../src/directory/template/template.ts'
import { makeEntry } from '../samples.ts'
import { alice, BASE, bob, everyone, links, staff, textsOf, valuesOf } from './sample.ts'

const context = { domain: 'example', links }

describe('text with expressions', () => {
  test.each([
    ['is itself without one', 'a: b', ['a: b']],
    ['may be nothing', '', ['']],
    ['is UTF-8', 'é', [utf8Octets('é')]],
    ['doubles its braces', '{{{uid}}}', ['{alice}']],
    ['takes the place of its expressions', '{uid}:{uidNumber}', ['alice:10001']],
    ['gives a text for each value', '<{mail}>', ['<Alice@Example.COM>', '<al@example.com>']],
    [
      'gives all combinations of values',
      "{['a', 'b']}{uid}{['1', '2']}",
      ['aalice1', 'aalice2', 'balice1', 'balice2'],
    ],
    ['may have blanks in its braces', '{ uid }', ['alice']],
  ])('%s', (_what, template, texts) => {
    expect(textsOf(template, alice)).toEqual(texts)
  })

  test('fails for an expression without values, and names it', () => {
    expect(() => textsOf('{uid}:{gecos or  sn}', alice)).toThrow(
      new EvaluationError('no value of gecos or  sn'),
    )
  })

  test('fails for a list that the server cut', () => {
    const cut = makeEntry('cn=x', { 'member;range=0-1': ['cn=a', 'cn=b'], member: [] })
    expect(() => textsOf('{member}', cut)).toThrow('the server gave only a part of member (member;range=0-1)')
    expect(textsOf('{member;range=0-1}', cut)).toEqual(['cn=a', 'cn=b'])
  })
})

describe('an expression', () => {
  test.each([
    ['an attribute, case aside', 'UIDnumber', ['10001']],
    ['an attribute that is absent', 'gecos', []],
    ['text', "'a'", ['a']],
    ['text with expressions', `"/home/{uid}"`, ['/home/alice']],
    ['text with the quotes of the other kind', `"it's"`, ["it's"]],
    ['text in expressions in text', `"{"{'x'}"}"`, ['x']],
    ['text for each value', `"<{mail}>"`, ['<Alice@Example.COM>', '<al@example.com>']],
    ['text without a value', `"/home/{sn}"`, []],
    ['a list', "[uid, sn, 'x', uid]", ['alice', 'x', 'alice']],
    ['an empty list', '[]', []],
    ['parentheses', '((uid))', ['alice']],
    ['or, when the first has values', 'mail or uid', ['Alice@Example.COM', 'al@example.com']],
    ['or, when it has none', "sn or gecos or 'none'", ['none']],
    ['or, when none has', 'sn or gecos', []],
    ['or, in a chain longer than nesting may be', `${'sn or '.repeat(100)}uid`, ['alice']],
    ['a step before or', "sn | first or 'x' | upper", ['X']],
    ['the DN', 'dn', [`uid=alice,ou=people,${BASE}`]],
    ['the domain', 'domain', ['example']],
    ['an attribute that is a word of templates', 'attribute domain', []],
    ['if a filter is true', "if (objectClass=shadowAccount) then 'x' else '*'", ['x']],
    ['if a filter is not', "if (&(uid=alice)(!(mail=*))) then 'x' else '*'", ['*']],
    ['if a value equals, case aside', "if mail = 'ALICE@example.com' then 'x' else []", ['x']],
    ['if any equals any', "if ['a', 'b'] = ['c', 'B'] then 'x' else 'y'", ['x']],
    ['if nothing equals', 'if sn = gecos then uid else cn | first', ['Alice Archer']],
    ['if behind or', "sn or if uid = 'alice' then 'x' else 'y'", ['x']],
  ])('is %s: %s', (_what, expression, values) => {
    expect(valuesOf(expression, alice)).toEqual(values)
  })

  test.each([
    ['first', 'mail | first', ['Alice@Example.COM']],
    ['first of none', 'sn | first', []],
    ['only, of one', 'uid | only', ['alice']],
    ['only, of two', 'mail | only', []],
    ['sort, by bytes', "['b', 'a', 'C', 'é'] | sort", ['C', 'a', 'b', utf8Octets('é')]],
    ['unique', "['b', 'a', 'b'] | unique", ['b', 'a']],
    ['lower', "['ÀB'] | lower", [utf8Octets('Àb')]],
    ['upper', "['àb'] | upper", [utf8Octets('àB')]],
    ['join', "mail | join ', '", ['Alice@Example.COM, al@example.com']],
    ['join of none', "sn | join ','", ['']],
    [
      'join up to, each as full as it can be',
      "['a', 'b', 'cc', 'ddd'] | join ',' up to 4",
      ['a,b', 'cc', 'ddd'],
    ],
    ['join up to, without what is longer', "['a', 'bbbbb', 'c'] | join ',' up to 4", ['a,c']],
    ['join up to, of none', "sn | join ',' up to 4", ['']],
    ['glob', "mail | glob '*@example.com'", ['al@example.com']],
    ['glob, any byte', "mail | glob 'a?@*'", ['al@example.com']],
    ['glob, one of some', "['a1', 'b1', 'c1', 'a-'] | glob '[!c-z][0-9]'", ['a1', 'b1']],
    ['glob, a bracket and a star as they are', "['a]', 'b*', 'c'] | glob '?[]*]'", ['a]', 'b*']],
    ['glob, an open bracket', "['[a', 'a'] | glob '[a'", ['[a']],
    ['glob, the whole value', "uid | glob 'alic'", []],
    ['match', 'mail | match /^a.*com$/', ['al@example.com']],
    ['match, case aside', 'mail | match /ALICE/i', ['Alice@Example.COM']],
    ['match, a slash', String.raw`homeDirectory | match /^\/home\//`, ['/home/alice']],
    ['match, over lines', "['a\nb'] | match /^a.b$/", ['a\nb']],
    ['extract', String.raw`mail | extract /^(.*)@example\.(..)/ '\2 of \1'`, ['co of al']],
    [
      'extract, all that matched',
      String.raw`mail | extract /@.x/ '<\0>\\{{'`,
      [String.raw`<@Ex>\{`, String.raw`<@ex>\{`],
    ],
    ['extract, of a group that took no part', String.raw`uid | extract /(x)?a/ '<\1>'`, ['<>']],
    ['replace, each match', "mail | replace /[ae]/i '.'", ['.lic.@.x.mpl..COM', '.l@.x.mpl..com']],
    ['replace, nothing', "uid | replace /x/ 'y'", ['alice']],
    ['replace, with groups', String.raw`uid | replace /(.)(.)/ '\2\1'`, ['lacie']],
    ['crypt', 'userPassword | crypt', ['$6$salt$hash']],
    ['crypt of none', 'sn | crypt', ['*']],
    ['crypt of a password in clear', "'secret' | crypt", ['*']],
    ['ipv4', "['192.0.2.1', '192.0.2.01', '2001:db8::1', 'x'] | ipv4", ['192.0.2.1']],
    [
      'ipv6',
      "['2001:DB8:0::1', '::FFFF:192.0.2.1', 'fe80::1%lo', '192.0.2.1'] | ipv6",
      ['2001:db8::1', '::ffff:192.0.2.1'],
    ],
    [
      'mac',
      "['08:00:20:01:0A:03', '0-1-2-a-B-cc', '08:00-20:01:02:03', 'x'] | mac",
      ['8:0:20:1:a:3', '0:1:2:a:b:cc'],
    ],
    ['number', 'gidNumber | number', ['100']],
    ['number, of zeros', "['000', '-1', '', '1 '] | number", ['0']],
    ['numbers', 'mail | numbers', ['1', '2']],
    ['step behind step', "mail | lower | sort | join ','", ['al@example.com,alice@example.com']],
  ])('has the step %s: %s', (_what, expression, values) => {
    expect(valuesOf(expression, alice)).toEqual(values)
  })

  test.each([
    [
      'as long as the longest list',
      `zip mail pad '-', uid pad "({uid})" with ','`,
      ['Alice@Example.COM,alice', 'al@example.com,(alice)'],
    ],
    [
      'with conditions in it',
      "zip if uid = 'alice' then '' else uid pad '', ['a', 'b'] | sort pad '' with ''",
      ['a', 'b'],
    ],
    ['of nothing', "zip sn pad '-', gecos pad '-' with ','", []],
  ])('zips, %s: %s', (_what, expression, values) => {
    expect(valuesOf(expression, alice)).toEqual(values)
  })

  test('zips no list with a pad that has no value', () => {
    expect(() => valuesOf("zip sn pad gecos, uid pad '' with ','", alice)).toThrow(
      'no value of gecos, which pads a list',
    )
    expect(valuesOf("zip uid pad gecos, uid pad '' with ','", alice)).toEqual(['alice,alice'])
  })
})

describe('a regular expression', () => {
  test('sees bytes: those beyond ASCII have no case', () => {
    const bytes = ['\xc3\xa9', '\xe3\xa9', 'K']
    const entry = makeEntry('cn=x', { cn: bytes })
    expect(valuesOf('cn | match /^é$/i', entry)).toEqual(['\xc3\xa9'])
    expect(valuesOf(String.raw`cn | match /^[\xc0-\xCF\x{e0}-\x{00ff}]/`, entry)).toEqual([
      '\xc3\xa9',
      '\xe3\xa9',
    ])
    expect(valuesOf('cn | match /^..$/', entry)).toEqual(['\xc3\xa9', '\xe3\xa9'])
    expect(valuesOf('cn | match /^[^a]$/', entry)).toEqual(['K'])
  })

  test('does not run away', () => {
    const entry = makeEntry('cn=x', { cn: ['a'.repeat(100_000)] })
    expect(valuesOf('cn | match /^(a*)*b$/', entry)).toEqual([])
  })
})

const host = (dn: string) => makeEntry(dn, { cn: ['a', 'b,c', 'D+E'] })

describe('names', () => {
  test.each([
    ['cn=D\\2bE,dc=x', ['D+E', 'a', 'b,c']],
    ['CN=B\\,C,dc=x', ['b,c', 'a', 'D+E']],
    ['cn=a,dc=x', ['a', 'b,c', 'D+E']],
    ['ou=x+cn=d\\+e,dc=x', ['D+E', 'a', 'b,c']],
    ['cn=other,dc=x', ['a', 'b,c', 'D+E']],
    ['uid=D\\2bE,dc=x', ['a', 'b,c', 'D+E']],
    ['no DN at all', ['a', 'b,c', 'D+E']],
  ])('begin with that of the RDN %s', (dn, names) => {
    expect(valuesOf('names cn', host(dn))).toEqual(names)
  })
})

describe('other entries', () => {
  test.each([
    ['are followed', staff, 'follow member | get uid', ['alice']],
    [
      'are followed by several attributes',
      everyone,
      'follow member, uniqueMember | get uid',
      ['bob', 'alice'],
    ],
    ['give an expression each', staff, `follow member | get (uid or "group {cn}")`, ['alice', 'group all']],
    [
      'are chosen by filters',
      everyone,
      'follow member | where (objectClass=posixAccount) | where (uid=*) | get dn',
      [bob.dn],
    ],
    ['are followed to the end, cycles or not', staff, 'follow all member | get uid', ['alice', 'bob']],
    [
      'do not include the entry itself',
      staff,
      'follow all member | get cn | sort | unique',
      ['Alice Archer', utf8Octets('Alice É. Archer'), 'Bob', 'all'].sort(),
    ],
    ['refer to it', alice, 'referrers member | get gidNumber', ['200']],
    ['refer to it by several attributes', alice, 'referrers member, uniqueMember | get cn', ['staff', 'all']],
    ['refer to it over others', alice, 'referrers all member | get cn', ['staff', 'all']],
    ['may lie above', alice, 'parent | get ou', ['people']],
    ['need not lie above', everyone, 'parent | get ou', []],
    ['lead to others', staff, 'follow member | get (parent | get description)', ['all of us']],
    ['have steps behind them', staff, "follow all member | get uid | sort | join '+'", ['alice+bob']],
    [
      'stand in lists',
      everyone,
      "['x', follow member, uniqueMember | get uid, cn]",
      ['x', 'bob', 'alice', 'all'],
    ],
  ])('%s: %3$s', (_what, entry, expression, values) => {
    expect(valuesOf(expression, entry)).toEqual(values)
  })
})

describe('a template says what it reads', () => {
  test('of the entry', () => {
    const { attributes, linked } = parseTemplate(
      `{uid}{if (&(objectClass=a)(!(Mail=b))) then UID else "{cn;lang-de}" | first}{names sn or [gecos, 'x']}{dn}`,
    )
    expect(attributes).toEqual(['uid', 'objectClass', 'Mail', 'cn;lang-de', 'sn', 'gecos'])
    expect(linked).toEqual({ attributes: [], follows: [], referrers: [], parent: false })
  })

  test('of other entries', () => {
    const { attributes, linked } = parseTemplate(
      '{cn}{[follow all member, uniqueMember | where (uid=*) | get [uid, referrers owner | get cn], parent | get ou]}',
    )
    expect(attributes).toEqual(['cn', 'member', 'uniqueMember'])
    expect(linked).toEqual({
      attributes: ['member', 'uniqueMember', 'uid', 'owner', 'cn', 'ou'],
      follows: ['member', 'uniqueMember'],
      referrers: ['owner'],
      parent: true,
    })
  })
})

describe('a value', () => {
  test('keeps the items of a list at its very end apart', () => {
    const template = parseTemplate("{['a', 'b']}:{(mail | lower | join ', ')}")
    const items = ['alice@example.com', 'al@example.com']
    expect(evaluate(template, alice, context)).toEqual([
      { head: 'a:', items, separator: ', ' },
      { head: 'b:', items, separator: ', ' },
    ])
  })

  test.each([
    "{mail | join ','}.",
    "{mail | join ',' | upper}",
    "{mail | join ',' up to 100}",
    "{sn or mail | join ','}",
  ])('is a whole when a list stands elsewhere: %s', (text) => {
    const [value] = evaluate(parseTemplate(text), bob, context)
    expect(value).toMatchObject({ items: [], separator: '' })
  })
})
