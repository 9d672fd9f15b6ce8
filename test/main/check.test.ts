import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { exampleLdif, nowhere, serving, write, ypldap } from './command.ts'

const USAGE = 'usage: ypldap [-dnv] [-D macro=value] [-f file]\n'

describe('a command line that makes no sense ends with status 1 and the usage', () => {
  test.each([
    ['an unknown option', ['-x']],
    ['an unknown long option', ['--debug']],
    ['an operand', ['-n', 'ypldap.conf']],
    ['-f without a file', ['-n', '-f']],
    ['-D without a value', ['-n', '-D', 'name']],
    ['-D with a bad name', ['-n', '-D', 'a b=c']],
    ['-D twice for one name', ['-n', '-D', 'a=b', '-D', 'a=c']],
  ])('%s', async (_, args) => {
    const { status, stdout, stderr } = await ypldap(...args)
    expect(status).toBe(1)
    expect(stdout).toBe('')
    expect(stderr.endsWith(USAGE)).toBe(true)
    // What is wrong stands before it, in a line, without a stack.
    expect(stderr.slice(0, -USAGE.length)).toMatch(/^[^\n]+\n$/)
  })
})

describe('-n', () => {
  test('says "configuration OK" of a good file, and serves nothing', async () => {
    expect(await ypldap('-n', '-f', serving(exampleLdif()))).toEqual({
      status: 0,
      stdout: '',
      stderr: 'configuration OK\n',
    })
  })

  test('wins over -d', async () => {
    expect(await ypldap('-dnv', '-f', serving(exampleLdif()))).toMatchObject({
      status: 0,
      stderr: 'configuration OK\n',
    })
  })

  test('with -v prints the configuration in force, with every default and without a password', async () => {
    const file = write(
      'ypldap.conf',
      'domain "d"\nbase = "\'dc=x\'"\ndirectory "h" {\nbasedn $base\nbinddn "cn=a"\nbindcred "hush-hush"\n}\n',
    )
    const { status, stdout, stderr } = await ypldap('-nv', '-f', file)
    expect(status).toBe(0)
    expect(stderr).toMatch(/this password crosses the network bare.*\(warning\)\nconfiguration OK\n$/)
    expect(stdout).toContain('\tinterval 600\n')
    expect(stdout).toContain('\t\tbasedn "dc=x"\n\t\tbinddn "cn=a"\n')
    expect(stdout + stderr).not.toContain('hush')
    // What it prints is a configuration.
    expect(await ypldap('-n', '-f', write('printed.conf', stdout))).toMatchObject({ status: 0 })
  })

  test('names every problem with its place, and ends with status 1', async () => {
    const file = write(
      'ypldap.conf',
      'domain "a/b"\ninterval 0\nnonsense\ndirectory "h" {\n  basedn "dc=x"\n  page size 0\n}\n',
    )
    const { status, stdout, stderr } = await ypldap('-n', '-f', file)
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr.split('\n').map((line) => line.replace(file, 'FILE').split(' ')[0])).toEqual([
      'FILE:1:8:',
      'FILE:2:10:',
      'FILE:3:1:',
      'FILE:6:13:',
      '',
    ])
  })

  test('names what only LDAP, certificates and files can show to be wrong, all at once', async () => {
    const [ca, ldif, wrong] = [
      nowhere('ca.pem'),
      nowhere('none.ldif'),
      write('wrong.ldif', 'dn: dc=x\nwrong\n'),
    ]
    const file = write(
      'ypldap.conf',
      [
        'domain "example.com"',
        `cafile "${ca}"`,
        'directory "h" ldaps {',
        '  basedn "people"',
        '  passwd filter "(uid=a"',
        '}',
        `directory file "${ldif}" { basedn "dc=x" }`,
        `directory file "${wrong}" { basedn "dc=x" }`,
        '',
      ].join('\n'),
    )
    const { status, stderr } = await ypldap('-n', '-f', file)
    expect(status).toBe(1)
    const lines = stderr.replaceAll(`${file}:`, '').split('\n').sort()
    expect(lines).toEqual([
      '',
      expect.stringMatching(/^2:8: the CA file .*ca\.pem: .*ENOENT/),
      expect.stringMatching(/^4:10: the base of groups: "people" is not a distinguished name/),
      expect.stringMatching(/^4:10: the base of users: "people" is not a distinguished name/),
      expect.stringMatching(/^5:17: the filter of users: /),
      expect.stringMatching(/^7:1: the LDIF file .*none\.ldif: ENOENT/),
      expect.stringMatching(/^8:1: the LDIF file .*wrong\.ldif: line 2: /),
    ])
  })

  test('names each problem once and by its line, with the place in a template below it', async () => {
    const file = write(
      'ypldap.conf',
      [
        'domain "example.com"',
        'map "a.b" { filter "(uid=*)" key "{uid}" value "{cn | frist}" }',
        ...['h', 'i'].map((host) => `directory "${host}" { basedn "dc=x" }`),
        'directory "j" { basedn "people" }',
        '',
      ].join('\n'),
    )
    const { status, stderr } = await ypldap('-n', '-f', file)
    expect(status).toBe(1)
    expect(stderr.replaceAll(`${file}:`, '').split('\n')).toEqual([
      expect.stringMatching(/^2:48: the value of the map a\.b: there is no step "frist"/),
      '  {cn | frist}',
      '        ^',
      expect.stringMatching(/^5:24: the base of users: "people" is not a distinguished name/),
      expect.stringMatching(/^5:24: the base of groups: /),
      '',
    ])
  })

  test('refuses a file that others may read, and says how to mend it', async () => {
    const file = serving(exampleLdif())
    chmodSync(file, 0o644)
    const { status, stderr } = await ypldap('-n', '-f', file)
    expect(status).toBe(1)
    expect(stderr).toBe(
      `${file}:1:1: ${file} has mode 0644, expected no write or execute for the group and nothing for others; run: chmod 0640 ${file}\n`,
    )
  })

  test('refuses a file that is not there', async () => {
    const file = nowhere('none.conf')
    const { status, stderr } = await ypldap('-n', '-f', file)
    expect(status).toBe(1)
    expect(stderr).toBe(`${file}:1:1: cannot open ${file}: no such file, expected a readable file\n`)
  })

  // Where there is one, it is somebody's own.
  test.skipIf(existsSync('/etc/ypldap.conf'))('without -f checks /etc/ypldap.conf', async () => {
    const { status, stderr } = await ypldap('-n')
    expect(status).toBe(1)
    expect(stderr).toMatch(/^\/etc\/ypldap\.conf:1:1: cannot open \/etc\/ypldap\.conf: no such file/)
  })
})

describe('macros', () => {
  test('that are not used are told with -v, and only then', async () => {
    const file = serving(exampleLdif(), 'unused = "x"')
    const line = readFileSync(file, 'utf8').split('\n').indexOf('unused = "x"') + 1
    expect(await ypldap('-n', '-f', file)).toMatchObject({ status: 0, stderr: 'configuration OK\n' })
    expect(await ypldap('-nv', '-f', file)).toMatchObject({
      status: 0,
      stderr: `${file}:${line}:1: macro 'unused' is not used (warning)\nconfiguration OK\n`,
    })
  })

  test('of the command line win over those of the file', async () => {
    const ldif = exampleLdif()
    const file = write(
      'ypldap.conf',
      `path = "${nowhere('none.ldif')}"\ndomain "d"\ndirectory file $path { basedn "dc=example,dc=com" }\n`,
    )
    expect(await ypldap('-n', '-f', file)).toMatchObject({ status: 1 })
    expect(await ypldap('-n', '-f', file, '-D', `path="${ldif}"`)).toMatchObject({ status: 0 })
    expect(await ypldap('-n', `-Dpath="${ldif}"`, '-f', file)).toMatchObject({ status: 0 })
  })
})
