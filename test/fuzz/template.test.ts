import { describe, expect, test } from 'vitest'
import { EvaluationError, pointed, TemplateError } from '../../src/directory/template/error.ts'
import { createLinks } from '../../src/directory/template/links.ts'
import { evaluate, parseTemplate } from '../../src/directory/template/template.ts'
import { textOf } from '../../src/directory/template/value.ts'
import { makeEntry } from '../directory/samples.ts'
import { mutate, runSeed, seededRandom } from '../support/mutate.ts'

const EXECUTIONS = 50_000

/** Every word of the language at least once. */
const seeds = [
  '{uid}:{userPassword | crypt}:{uidNumber | number}:{gecos or cn or \'\'}:{homeDirectory or "/home/{uid}"}',
  "{{{names cn | sort | unique | first | only}}} {[ipHost | ipv4, ipHost | ipv6, mac | mac] | join ' '}",
  "{if (&(objectClass=a)(!(cn=b*))) then 'x' else if cn = ['a', 'b'] then dn else attribute domain}é",
  "{zip cn pad '-', (cn | numbers) pad domain with ','}{cn | lower | upper | glob '[a-z]?*'}",
  String.raw`{cn | match /^(a|b)\/\x{e9}/i | extract /(.)(.)/ '\2\1\0' | replace /[a-z]{1,3}/i 'x\\'}`,
  "{follow all member, uniqueMember | where (uid=*) | get uid | join ',' up to 900}",
  '{referrers member | get (cn or "{parent | get ou}")} {parent | get cn | join \',\'}',
].map((text) => Buffer.from(text))

const group = makeEntry('cn=g,dc=x', {
  cn: ['g', 'B\xc3\xa9'],
  uid: ['g'],
  member: ['uid=a,dc=x', 'CN=G,dc=x', 'no dn'],
  ipHost: ['192.0.2.1', '::1'],
  mac: ['0:1:2:3:4:5'],
})
const links = createLinks(
  [group, makeEntry('uid=a,dc=x', { uid: ['a'] }), makeEntry('dc=x', { ou: ['x'] })],
  ['member'],
)
const context = { domain: 'example', links }

describe('any text is a template or has a place that is wrong, and an entry gives values or a reason', () => {
  test(`${EXECUTIONS} mutations of templates`, () => {
    const seed = runSeed()
    console.log(`YPLDAP_FUZZ_SEED=${seed}`)
    const random = seededRandom(seed)
    let refused = 0
    let given = 0
    for (let i = 0; i < EXECUTIONS; i++) {
      const text = mutate(seeds[i % seeds.length]!, random).toString('utf8')
      try {
        const texts = evaluate(parseTemplate(text), group, context).map(textOf)
        if (texts.length === 0) throw new Error('no text')
        given += 1
      } catch (error) {
        if (error instanceof EvaluationError) continue
        if (!(error instanceof TemplateError) || !/^.*\n *\^$/.test(pointed(text, error))) {
          throw new Error(`seed ${seed}, execution ${i}: ${JSON.stringify(text)}`, { cause: error })
        }
        refused += 1
      }
    }
    expect(refused).toBeGreaterThan(0)
    expect(given).toBeGreaterThan(0)
  })
})
