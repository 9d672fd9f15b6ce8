import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { LdifError, parseLdif } from '../../src/directory/ldif.ts'
import { mutate, runSeed, seededRandom } from '../support/mutate.ts'

const EXECUTIONS = 100_000

/** Two records at a time of the example directory, and what it does not hold: change records, URLs, CRLF. */
const example = readFileSync(new URL('../../etc/example.ldif', import.meta.url), 'latin1').split('\n\n')
const seeds = [
  ...example.map((record, index) => `${record}\n\n${example[index + 1] ?? ''}\n`),
  'version: 1\r\ndn: cn=a\\2c b,dc=x\r\nchangetype: add\r\ncn;lang-de:: w6Q=\r\ncn: a\r\n b\r\n',
  'dn:: Y249YSxkYz14\n# a comment\n that goes on\ncn:   spaces  \n1.2.3: oid\nempty:\n',
  'dn: dc=x\nphoto:< file:///etc/passwd\ndc: x\n',
  'dn: dc=x\ncontrol: 1.2.3\nchangetype: delete\n',
].map((text) => Buffer.from(text, 'latin1'))

describe('a file gives its entries or an LdifError with the line', () => {
  test(`${EXECUTIONS} mutations of LDIF`, () => {
    const seed = runSeed()
    console.log(`YPLDAP_FUZZ_SEED=${seed}`)
    const random = seededRandom(seed)
    let refused = 0
    for (let i = 0; i < EXECUTIONS; i++) {
      const bytes = mutate(seeds[i % seeds.length]!, random)
      try {
        for (const { attributes } of parseLdif([bytes])) {
          if (attributes.size === 0) throw new Error('an entry without attributes')
        }
      } catch (error) {
        const lines = bytes.toString('latin1').split('\n').length
        if (!(error instanceof LdifError) || error.line < 1 || error.line > lines) {
          throw new Error(`seed ${seed}, execution ${i}: ${bytes.toString('hex')}`, { cause: error })
        }
        refused += 1
      }
    }
    expect(refused).toBeGreaterThan(0)
    expect(refused).toBeLessThan(EXECUTIONS)
  })
})
