import fc from 'fast-check'
import { BerWriter } from 'ldapts'
import { describe, expect, test } from 'vitest'

import { FilterError, parseFileFilter, parseFilter } from '../../src/directory/filter.ts'
import { createMatcher } from '../../src/directory/matcher.ts'
import { utf8Octets } from '../../src/directory/octets.ts'
import { ber } from '../support/ldap-peer.ts'
import { makeEntry } from './samples.ts'

const alice = makeEntry('uid=alice,dc=x', {
  objectClass: ['top', 'posixAccount'],
  uid: ['alice', 'al'],
  cn: [utf8Octets('Alice  É. Archer')],
  uidNumber: ['10001'],
  loginShell: ['/bin/bash'],
  userAccountControl: ['514'],
  groupType: ['-2147483646'],
  mail: ['Alice@Example.com'],
  sn: ['a*b(c)\\d'],
})

describe('a filter is true of an entry', () => {
  test.each([
    ['equality, case aside', '(UID=ALICE)'],
    ['equality with any of the values', '(uid=al)'],
    ['equality, insignificant spaces aside', '(cn=alice É. archer)'],
    ['presence', '(uidNumber=*)'],
    ['a substring at the start', '(mail=alice*)'],
    ['at the end', '(mail=*EXAMPLE.com)'],
    ['in the middle', '(mail=*@*)'],
    ['in several places, in order', '(mail=a*i*@*.*m)'],
    ['an escaped character', '(sn=a\\2ab\\28c\\29\\5Cd)'],
    ['an escaped star beside a free one', '(sn=*\\2a*)'],
    ['escaped UTF-8', '(cn=*\\c3\\89*)'],
    ['UTF-8 as it is', '(cn=*é*)'],
    ['a greater number, as a number', '(uidNumber>=9999)'],
    ['a smaller number', '(uidNumber<=10001)'],
    ['order of text', '(uid>=aa)'],
    ['approximately, which is equally', '(uid~=Alice)'],
    ['and', '(&(uid=alice)(objectClass=posixAccount))'],
    ['or', '(|(uid=bob)(uid=alice))'],
    ['not', '(!(uid=bob))'],
    ['not, of an attribute that is absent', '(!(description=x))'],
    ['nested', '(&(|(uid=x)(!(uid=bob)))(uid=*))'],
    ['all bits', '(userAccountControl:1.2.840.113556.1.4.803:=514)'],
    ['one of the bits', '(userAccountControl:1.2.840.113556.1.4.804:=6)'],
    ['the sign bit, which makes a number negative', '(groupType:1.2.840.113556.1.4.803:=2147483648)'],
    ['not a bit: an account that is not locked', '(!(userAccountControl:1.2.840.113556.1.4.803:=16))'],
    ['exactly', '(mail:caseExactMatch:=Alice@Example.com)'],
    ['no rule, which is equality', '(uid:=ALICE)'],
    ['undefined or true', '(|(uid:1.2.3:=x)(uid=alice))'],
  ])('%s: %s', (_what, text) => {
    expect(createMatcher(parseFilter(text))(alice)).toBe(true)
  })
})

describe('a filter is not true of an entry', () => {
  test.each([
    ['equality', '(uid=bob)'],
    ['equality with all values together', '(uid=aliceal)'],
    ['presence', '(description=*)'],
    ['a substring found twice in one place', '(uid=al*lice)'],
    ['an end that overlaps the start', '(uid=alic*ice)'],
    ['a substring out of order', '(mail=*.com*alice*)'],
    ['a greater number', '(uidNumber>=10002)'],
    ['a smaller number, which is a greater text', '(uidNumber<=9999)'],
    ['an absent attribute, whatever the order', '(description<=z)'],
    ['and', '(&(uid=alice)(uid=bob))'],
    ['or', '(|(uid=bob)(uid=carol))'],
    ['not', '(!(uid=alice))'],
    ['all bits when one is not set', '(userAccountControl:1.2.840.113556.1.4.803:=3)'],
    ['one of the bits when none is set', '(userAccountControl:1.2.840.113556.1.4.804:=16)'],
    ['a bit of a negative number that is not set', '(groupType:1.2.840.113556.1.4.804:=4)'],
    ['bits of what is no number', '(uid:1.2.840.113556.1.4.804:=1)'],
    ['exactly', '(mail:caseExactMatch:=alice@example.com)'],
    ['a rule nobody knows', '(uid:1.2.3:=alice)'],
    ['not, of a rule nobody knows', '(!(uid:1.2.3:=bob))'],
    ['not not, of a rule nobody knows', '(!(!(uid:1.2.3:=alice)))'],
    ['undefined and true', '(&(uid:1.2.3:=x)(uid=alice))'],
    ['undefined or false', '(|(uid:1.2.3:=x)(uid=bob))'],
    ['a mask that is no number', '(!(userAccountControl:1.2.840.113556.1.4.803:=x))'],
    ['the attributes of the DN', '(uid:dn:=alice)'],
    ['every attribute', '(:caseExactMatch:=alice)'],
    ['an option', '(!(cn:dn:2.4.6.8.10:=x))'],
  ])('%s: %s', (_what, text) => {
    expect(createMatcher(parseFilter(text))(alice)).toBe(false)
  })
})

describe('a filter is refused', () => {
  test.each([
    ['empty', '', 'empty'],
    ['without parentheses', 'uid=alice', 'at character 1'],
    ['not closed', '(uid=alice', 'found the end'],
    ['an and that is not closed', '(&(uid=alice)', 'found the end'],
    ['a not that is not closed', '(!(uid=alice)', 'found the end'],
    ['a not of two', '(!(uid=alice)(uid=bob))', 'expected ")"'],
    ['closed twice', '(uid=alice))', 'follows the end'],
    ['followed by another', '(uid=alice)(uid=bob)', 'follows the end'],
    ['followed by a space', '(uid=alice) ', 'follows the end'],
    ['text between its parts', '(&(!(a=b)x)(c=d))', 'expected ")"'],
    ['text that swallows a parenthesis', '(&(!(a=b)x(c=d))', 'expected ")"'],
    ['an and of nothing', '(&)', 'expected "("'],
    ['a space inside', '(& (a=b))', 'expected "("'],
    ['no operator', '(uid)', 'Invalid expression'],
    ['no attribute', '(=x)', 'Invalid attribute name'],
    ['a bad escape', '(uid=\\zz)', 'hex'],
    ['a cut escape', '(uid=\\2)', 'hex'],
    ['escaped bytes that are no UTF-8', '(uid=\\ff\\fe)', 'not UTF-8'],
    ['two stars', '(uid=a**b)', '"**"'],
    ['nested without end', `${'(!'.repeat(200)}(a=b)${')'.repeat(200)}`, 'deeper'],
    ['longer than the limit', `(uid=${'x'.repeat(65_536)})`, 'longer'],
  ])('%s', (_what, text, words) => {
    expect(() => parseFilter(text)).toThrow(FilterError)
    expect(() => parseFilter(text)).toThrow(words)
  })

  test('or accepted, but never anything else, whatever the text', () => {
    const part = fc.constantFrom(
      '(',
      ')',
      '&',
      '|',
      '!',
      'a',
      '=',
      '*',
      '\\2a',
      '\\c3',
      ':',
      '>=',
      '1.2',
      ' ',
    )
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 24 }).map((parts) => parts.join('')),
        (text) => {
          try {
            expect(typeof createMatcher(parseFilter(text))(alice)).toBe('boolean')
          } catch (error) {
            expect(error).toBeInstanceOf(FilterError)
          }
        },
      ),
    )
  })
})

describe('the rule that follows members of members', () => {
  const rule = '(memberOf:1.2.840.113556.1.4.1941:=cn=staff,dc=x)'

  test('is a matter of the server', () => {
    expect(() => parseFilter(rule)).not.toThrow()
  })

  test.each([rule, `(&(uid=*)${rule})`, `(|(uid=*)(!${rule}))`])('is refused for a file: %s', (text) => {
    expect(() => parseFileFilter(text)).toThrow(FilterError)
    expect(() => parseFileFilter(text)).toThrow(/needs a server, and can't be used with a file; .*cn=staff/)
  })

  test('is the only one that a file refuses', () => {
    const text = '(&(uid=alice)(!(userAccountControl:1.2.840.113556.1.4.803:=16)))'
    expect(createMatcher(parseFileFilter(text))(alice)).toBe(true)
  })
})

test('escaped UTF-8 is sent to the server as those bytes', () => {
  const writer = new BerWriter()
  parseFilter('(cn=Lu\\c4\\8di\\c4\\87)').write(writer)
  expect(writer.buffer).toEqual(ber(0xa3, ber(0x04, 'cn'), ber(0x04, 'Lučić')))
})
