import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { formatProblem } from '../../src/config/problem.ts'
import { check } from '../config/check.ts'
import { mutate, runSeed, seededRandom } from '../support/mutate.ts'

const EXECUTIONS = 20_000

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

/**
 * The sample with its examples uncommented, and without the prose, which no mutation can make wrong. Of its two
 * ways to bind one has to go.
 */
const sample = read('../../etc/ypldap.conf')
  .split('\n')
  .map((line) => line.replace(/^(\t?)#(?=[a-z\t}])/, '$1'))
  .filter((line) => !/^\s*(?:#|bindext|$)/.test(line))
  .join('\n')

const seeds: readonly (readonly [name: string, text: string])[] = [
  ['the sample', sample],
  [
    'a file of several domains',
    'interval 60\nallow from any\ndirectory "h" { basedn "b" }\ndomain "a"\n' +
      'domain "b" {\nprovide map "group.byname"\ndirectory "h" ldaps { basedn "b" }\nexpire 200\n}\n' +
      'domain "c" { directory file "/x" { basedn "b" }\ndeny from ::1 }\n',
  ],
  [
    'a file of many maps',
    'domain "d"\nprovide maps hosts\nprovide maps automount\nprovide map "auto.home"\n' +
      'map "netgroup" { base "b" record limit 300 overflow keep port any }\n' +
      'map "x" {\nfilter "(f=1)" each "{e}"\nkey "{k}" aliases "{a}"\nvalue "{v}" }\n' +
      'directory "h" {\nbasedn "b"\nschema ad\nidmap sid\ntemplate gecos "{cn}"\nlist groupmembers maps to "m"\n}\n',
  ],
  ["OpenBSD's example", read('../config/fixtures/openbsd-example.conf')],
]
const files = { '/etc/ypldap.macros': 'more = "text"\n' }

describe('any text is a configuration or has a problem, and nothing is thrown', () => {
  test.each(seeds)(`${EXECUTIONS} mutations of %s`, (name, text) => {
    const seed = runSeed()
    console.log(`${name}: YPLDAP_FUZZ_SEED=${seed}`)
    const random = seededRandom(seed)
    const bytes = Buffer.from(text)
    expect(check(text, { files }).problems).toEqual([])
    let accepted = 0
    for (let i = 0; i < EXECUTIONS; i++) {
      const changed = mutate(bytes, random)
      try {
        const { config, problems } = check(changed.toString('utf8'), { files })
        if ((config === undefined) !== problems.length > 0) throw new Error('neither or both')
        if (!problems.map(formatProblem).every((line) => /:\d+:\d+: ./.test(line)))
          throw new Error('no place')
        if (config !== undefined) accepted += 1
      } catch (error) {
        throw new Error(`seed ${seed}, execution ${i}: ${changed.toString('hex')}`, { cause: error })
      }
    }
    expect(accepted).toBeGreaterThan(0)
    expect(accepted).toBeLessThan(EXECUTIONS)
  })
})
