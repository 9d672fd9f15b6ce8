import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { answerTo, isShown, needless, SUBSTITUTIONS, stepsOf, substituted } from '../../scripts/transcript.ts'

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')

const section = (text: string) => stepsOf(`# x\n\n## One\n\n${text}\n## Two\n\n\`\`\`sh\nno\n\`\`\`\n`, 'One')

describe('the first installation of README.md', () => {
  const steps = stepsOf(README, 'First installation')

  test('goes from the package to a user that a client sees', () => {
    expect(steps[0]?.typed).toBe('apt install ./ypldap_*.deb')
    expect(steps.map(({ typed }) => typed.split(' ')[0])).toContain('ypcat')
    expect(steps.at(-1)).toMatchObject({
      typed: 'getent passwd alice',
      shown: expect.stringMatching(/^alice:/),
    })
    expect([...new Set(steps.map(({ host }) => host))]).toEqual(['On the server', 'On a client'])
  })

  test('is typed word for word, but for systemd', () => {
    expect(needless(steps)).toEqual([])
    const others = steps.filter(({ typed }) => substituted(typed) !== typed)
    expect(others.map(({ typed }) => typed.split(' ')[0])).toEqual(['systemctl', 'systemctl'])
    expect(steps.map(({ typed }) => substituted(typed)).join('\n')).not.toContain('systemctl')
  })
})

describe('a transcript', () => {
  test('has a step for each command, with what the last of a block prints', () => {
    const text =
      '### A\n\n```sh\none\ntwo \\\n  more\n```\n\nprints\n\n```text\n2\n```\n### B\n```sh\nthree # why\n```\n'
    expect(section(text)).toEqual([
      { host: 'A', typed: 'one', shown: undefined },
      { host: 'A', typed: 'two \\\n  more', shown: '2\n' },
      { host: 'B', typed: 'three # why', shown: undefined },
    ])
  })

  test.each([
    ['a command on no host', '```sh\none\n```\n', 'a block is below no host'],
    ['output of nothing', '### A\n```text\none\n```\n', 'output of no command'],
    ['output twice', '### A\n```sh\na\n```\n```text\na\n```\n```text\na\n```\n', 'output of no command'],
  ])('is refused for %s', (_, text, message) => {
    expect(() => section(text)).toThrow(message)
  })

  test('is refused where its heading is not', () => {
    expect(() => stepsOf('# x\n', 'One')).toThrow('there is no heading "One"')
  })

  test('that needs no systemctl finds the substitution needless', () => {
    expect(needless(section('### A\n```sh\nypldap\n```\n'))).toEqual(SUBSTITUTIONS)
  })

  test.each([
    ['a\n', 'a\n', true],
    ['a\n', 'a\nb\n', false],
    ['a\n', 'ba\n', false],
    ['a … s\n…\n', 'a 3 s\nb\nc\n', true],
    ['a … s\n', 'a 3 m\n', false],
    ['a.c (*)\n', 'a.c (*)\n', true],
    ['a.c\n', 'abc\n', false],
    ['Name:\n', 'Name: \n', true],
  ])('that shows %j, where %j is printed, is kept: %s', (shown, printed, isKept) => {
    expect(isShown(shown, printed)).toBe(isKept)
  })

  test.each([
    ['Host: ', 'ldap'],
    ['server\nBase [dc=x]: ', ''],
    ['Host', undefined],
    ['Host: ldap\n', undefined],
    ['Password: ', undefined],
  ])('answers after %j: %j', (printed, answer) => {
    expect(answerTo(printed, 'Host: ldap\nserver\nBase [dc=x]:\n')).toBe(answer)
  })
})
