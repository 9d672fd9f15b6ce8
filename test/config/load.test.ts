import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { MAX_FILE } from '../../src/config/limits.ts'
import { loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problem.ts'
import { DIRECTORY, DOMAIN } from './check.ts'

const GOOD = DOMAIN + DIRECTORY
const isRoot = process.getuid?.() === 0

let folder: string
let main: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ypldap-config-'))
  main = write('main.conf', GOOD)
})

afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  chmodSync(path, 0o600)
  return path
}

function problems(path = main): string[] {
  return loadConfig(path, new Map()).problems.map(formatProblem)
}

describe('a configuration on disk', () => {
  test('is read with the files that it includes', () => {
    const included = write('more.conf', 'interval 5\ndirectory h port ldap { basedn b }')
    writeFileSync(main, `${GOOD}include "${included}"\n`)
    const { config } = loadConfig(main, new Map())
    expect(config).toMatchObject({ file: main, domains: [{ domain: 'example.com', interval: 5 }] })
    expect(config?.domains[0]?.directories[1]?.at.file).toBe(included)
    expect(config?.domains[0]?.directories[1]?.location).toMatchObject({ port: 389 })
  })

  test('takes macros from the command line', () => {
    writeFileSync(main, `base = "one"\n${DOMAIN}directory h { basedn $base }`)
    const { config } = loadConfig(main, new Map([['base', '"dc=two,dc=2"']]))
    expect(config?.domains[0]?.directories[0]?.userBase.value).toBe('dc=two,dc=2')
  })

  test('that is not there is a problem', () => {
    const path = join(folder, 'none')
    expect(problems(path)).toEqual([
      `${path}:1:1: cannot open ${path}: no such file, expected a readable file`,
    ])
  })

  test('must be a regular file, and a FIFO is not waited for', () => {
    const fifo = join(folder, 'fifo')
    execFileSync('mkfifo', [fifo])
    expect(problems(fifo)).toEqual([`${fifo}:1:1: ${fifo} is no regular file, expected one`])
    expect(problems(folder)).toEqual([`${folder}:1:1: ${folder} is no regular file, expected one`])
  })

  test('may be 1 MiB long and no longer', () => {
    writeFileSync(main, GOOD.padEnd(MAX_FILE, '#'))
    expect(problems()).toEqual([])
    writeFileSync(main, GOOD.padEnd(MAX_FILE + 1, '#'))
    expect(problems()).toEqual([`${main}:1:1: ${main} is too large, expected at most 1 MiB`])
  })

  test('may begin with a byte order mark, and hold other encodings in comments only', () => {
    writeFileSync(main, Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(GOOD)]))
    expect(problems()).toEqual([])
    writeFileSync(main, Buffer.from(`# caf\u00e9\n${GOOD}cafile "caf\u00e9"`, 'latin1'))
    expect(problems()).toEqual([`${main}:4:8: text is not UTF-8, expected a file saved as UTF-8`])
  })

  test('that includes itself by another name is told', () => {
    const link = join(folder, 'link')
    symlinkSync(main, link)
    writeFileSync(main, `${GOOD}include "${link}"`)
    expect(problems()).toEqual([`${main}:3:9: ${link} includes itself, expected another file`])
  })
})

describe('the mode of a configuration', () => {
  test.each([0o600, 0o400, 0o640, 0o440, 0o700])('%o is private enough', (mode) => {
    chmodSync(main, mode)
    expect(problems()).toEqual([])
  })

  test.each([
    [0o644, '0644', '0640'],
    [0o660, '0660', '0640'],
    [0o620, '0620', '0600'],
    [0o610, '0610', '0600'],
    [0o604, '0604', '0600'],
    [0o602, '0602', '0600'],
    [0o601, '0601', '0600'],
    [0o777, '0777', '0740'],
  ])('%o is not, and the message says how to mend it', (mode, found, safe) => {
    chmodSync(main, mode)
    expect(problems()).toEqual([
      `${main}:1:1: ${main} has mode ${found}, expected no write or execute for the group and nothing for others; run: chmod ${safe} ${main}`,
    ])
  })

  test('is told beside all problems of the text', () => {
    writeFileSync(main, 'interval 0\n')
    chmodSync(main, 0o644)
    expect(problems()).toHaveLength(4)
  })

  test('counts for included files as well, and a path is quoted for the shell', () => {
    const included = write("it's more.conf", 'interval 5')
    chmodSync(included, 0o666)
    writeFileSync(main, `${GOOD}include "${included}"`)
    const quoted = `'${included.replace("'", "'\\''")}'`
    expect(problems()).toEqual([
      `${main}:3:9: ${included} has mode 0666, expected no write or execute for the group and nothing for others; run: chmod 0640 ${quoted}`,
    ])
  })
})

describe.runIf(isRoot)('the owner of a configuration', () => {
  test('may be root or the user when that is another', () => {
    vi.spyOn(process, 'getuid').mockReturnValue(12_345)
    expect(problems()).toEqual([])
    chownSync(main, 12_345, 0)
    expect(problems()).toEqual([])
    chownSync(main, 12_346, 0)
    expect(problems()).toEqual([
      `${main}:1:1: ${main} belongs to uid 12346, expected 0 (root) or 12345; run: chown root ${main}`,
    ])
  })

  test('is root or whoever runs ypldap', () => {
    chownSync(main, 12_345, 0)
    expect(problems()).toEqual([
      `${main}:1:1: ${main} belongs to uid 12345, expected 0 (root); run: chown root ${main}`,
    ])
    const included = write('more.conf', '')
    chownSync(included, 12_345, 0)
    chownSync(main, 0, 12_345)
    writeFileSync(main, `${GOOD}include "${included}"`)
    expect(problems()).toEqual([
      `${main}:3:9: ${included} belongs to uid 12345, expected 0 (root); run: chown root ${included}`,
    ])
  })
})
