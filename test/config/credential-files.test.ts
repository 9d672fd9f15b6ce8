import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { MAX_TOKEN } from '../../src/config/limits.ts'
import { loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problem.ts'
import { DOMAIN, directoryOf, problemsOf } from './check.ts'

const BLOCK = 'basedn b\nbinddn "cn=a"'

/** What a directory binds with whose password is in a file with this text. */
function bound(text: string, ...more: readonly string[]): unknown {
  const block = [BLOCK, 'bindcred file "/secret"', ...more].join('\n')
  return directoryOf('h', block, { files: { '/secret': text } }).credentials
}

function problems(text: string): readonly string[] {
  return problemsOf(`${DOMAIN}directory h {\n${BLOCK}\nbindcred file "/secret"\n}\n`, {
    files: { '/secret': text },
  })
}

describe('the password in a file', () => {
  test('is its one line, to the byte, with or without the end of that line', () => {
    const expected = { kind: 'simple', dn: 'cn=a', password: ' s=\\"3#$x ü' }
    expect(bound(' s=\\"3#$x ü\n')).toEqual(expected)
    expect(bound(' s=\\"3#$x ü')).toEqual(expected)
  })

  test('yields to one that comes after it, and is not looked for then', () => {
    expect(bound('', 'bindcred "later"')).toEqual({ kind: 'simple', dn: 'cn=a', password: 'later' })
    const options = { files: { '/secret': 'now' } }
    const { credentials } = directoryOf('h', `${BLOCK} bindcred "b"\nbindcred file "/secret"`, options)
    expect(credentials).toEqual({ kind: 'simple', dn: 'cn=a', password: 'now' })
  })

  test('may have its path from the command line', () => {
    const options = { files: { '/run/c/bind': 'S' }, macros: { credential: '"/run/c/bind"' } }
    const { credentials } = directoryOf('h', `${BLOCK}\nbindcred file $credential`, options)
    expect(credentials).toEqual({ kind: 'simple', dn: 'cn=a', password: 'S' })
  })

  test('is not meant by a lone word, which is a password as it always was', () => {
    const { credentials } = directoryOf('h', `${BLOCK}\nbindcred file`)
    expect(credentials).toEqual({ kind: 'simple', dn: 'cn=a', password: 'file' })
  })

  test('must be one line of text; what is wrong with it is said once and shows nothing of it', () => {
    const line = 't:5:15: /secret'
    expect(problems('')).toEqual([`${line} is empty, expected a password`])
    expect(problems('\n')).toEqual([`${line} is empty, expected a password`])
    for (const text of ['S3CRET\nS3CRET\n', 'S3CRET\r\n', 'S3\0CRET', 'S3\ufffdCRET']) {
      expect(problems(text)).toEqual([`${line} holds more than one line of text, expected a password`])
    }
    expect(problems('x'.repeat(MAX_TOKEN + 1))).toEqual([
      `${line} is too long, expected at most ${MAX_TOKEN} characters`,
    ])
  })
})

describe('the file of a password', () => {
  const folders: string[] = []
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
  })

  function loaded(mode: number): readonly string[] {
    const folder = mkdtempSync(join(tmpdir(), 'ypldap-credential-'))
    folders.push(folder)
    const [conf, secret] = [join(folder, 'ypldap.conf'), join(folder, 'secret')]
    writeFileSync(secret, 'S3CRET\n')
    chmodSync(secret, mode)
    const text = `domain "d"\ndirectory h {\n${BLOCK}\nbindcred file "${secret}"\n}\n`
    writeFileSync(conf, text, { mode: 0o600 })
    return loadConfig(conf, new Map()).problems.map((problem) =>
      formatProblem(problem).replaceAll(folder, ''),
    )
  }

  test.each([0o400, 0o600, 0o640])('may have mode %o', (mode) => {
    expect(loaded(mode)).toEqual([])
  })

  test.each([0o644, 0o660, 0o604])('must be as secret as ypldap.conf, so not mode %o', (mode) => {
    const [problem = '', ...others] = loaded(mode)
    expect(others).toEqual([])
    expect(problem).toMatch(/^\/ypldap\.conf:5:15: \/secret has mode 0\d+, expected no write or execute for/)
    expect(problem).not.toContain('S3CRET')
  })
})
