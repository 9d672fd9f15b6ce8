import { expect, test } from 'vitest'

import { parseFilter } from '../../src/directory/filter.ts'
import { filterAttributes } from '../../src/directory/filter-attributes.ts'

test.each([
  ['(cn=x)', ['cn']],
  ['(cn=*)', ['cn']],
  ['(cn=a*b)', ['cn']],
  ['(cn~=x)', ['cn']],
  ['(uidNumber>=1)', ['uidNumber']],
  ['(uidNumber<=1)', ['uidNumber']],
  ['(flags:1.2.840.113556.1.4.803:=2)', ['flags']],
  ['(:caseExactMatch:=x)', []],
  ['(&(cn=x)(|(uid=a)(!(CN=b))))', ['cn', 'uid', 'CN']],
])('the filter %s looks at %j', (text, attributes) => {
  expect(filterAttributes(parseFilter(text))).toEqual(attributes)
})
