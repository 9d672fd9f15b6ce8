import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { check, configOf } from '../config/check.ts'

// No engine runs containers here: what can be known without one.

const ROOT = join(import.meta.dirname, '../..')
const FOLDER = join(ROOT, 'packaging/container')
const read = (name: string) => readFileSync(join(FOLDER, name), 'utf8')
const isThere = (name: string) => existsSync(join(ROOT, name))

const INSTRUCTIONS = new Set([
  'FROM',
  'COPY',
  'RUN',
  'VOLUME',
  'EXPOSE',
  'HEALTHCHECK',
  'STOPSIGNAL',
  'ENTRYPOINT',
])

/** Each as its first word and the rest, with continued lines joined. */
function instructions(name: string): readonly (readonly [word: string, rest: string])[] {
  return read(name)
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [word = '', ...rest] = line.split(' ')
      return [word, rest.join(' ')] as const
    })
}

describe.each(['Containerfile', 'Containerfile.slapd'])('%s', (name) => {
  const all = instructions(name)

  test('is made of instructions that every engine knows, on one release of Debian', () => {
    expect(all.filter(([word]) => !INSTRUCTIONS.has(word))).toEqual([])
    expect(all[0]).toEqual(['FROM', 'debian:bookworm-slim'])
    expect(all.filter(([word]) => word === 'ENTRYPOINT')).toHaveLength(1)
  })

  test('copies what is there, or what scripts/package makes', () => {
    const sources = all
      .filter(([word]) => word === 'COPY')
      .map(([, rest]) => rest.split(' ').find((word) => !word.startsWith('--')) ?? '')
    expect(sources.length).toBeGreaterThan(0)
    const missing = sources.filter((source) => !isThere(source))
    expect(missing).toEqual(name === 'Containerfile' ? ['dist/packages/ypldap_*.deb'] : [])
  })

  test('has commands and lists that can be read', () => {
    for (const [word, rest] of all) {
      if (word === 'RUN') {
        expect(spawnSync('sh', ['-n'], { input: rest, encoding: 'utf8' })).toMatchObject({
          status: 0,
          stderr: '',
        })
      }
      const list = /\[.*\]/.exec(rest)?.[0]
      if (word === 'ENTRYPOINT' || word === 'HEALTHCHECK')
        expect(JSON.parse(list ?? '')).toBeInstanceOf(Array)
    }
  })
})

describe('compose.yaml', () => {
  const lines = read('compose.yaml')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.trim().startsWith('#'))

  test('is indented by twos, with one key or one item a line', () => {
    expect(lines.filter((line) => !/^(?: {2})*(?:[a-z_]+:(?: \S.*)?|- \S.*)$/.test(line))).toEqual([])
  })

  test('names files that are there', () => {
    const named = lines.flatMap((line) => /(?:dockerfile: |- \.\/)([\w./-]+)/.exec(line)?.[1] ?? [])
    expect(named).toHaveLength(3)
    const paths = named.map((name) => (name.includes('/') ? name : `packaging/container/${name}`))
    expect(paths.filter((path) => !isThere(path))).toEqual([])
  })

  test('has the ports that the configuration and the Containerfile have', () => {
    const published = lines.flatMap((line) => /"(\d+):\1\/(tcp|udp)"/.exec(line)?.slice(1).join('/') ?? [])
    const [, exposed = ''] = instructions('Containerfile').find(([word]) => word === 'EXPOSE') ?? []
    expect(published).toEqual(exposed.split(' '))
    expect(configOf(read('ypldap.conf')).listen.map(({ port }) => port)).toEqual([834])
    expect(configOf(read('ypldap.conf')).portmapper).toEqual({ broadcast: false })
  })
})

test('the configuration of the container has no error and no warning', () => {
  const { problems, warnings } = check(read('ypldap.conf'))
  expect({ problems, warnings }).toEqual({ problems: [], warnings: [] })
})

const folder = mkdtempSync(join(tmpdir(), 'ypldap-container-'))
afterAll(() => rmSync(folder, { recursive: true }))

test.runIf(spawnSync('slapadd', ['-VV']).error === undefined)(
  'its slapd takes its own configuration and the example directory',
  () => {
    mkdirSync(join(folder, 'data'))
    const conf = join(folder, 'slapd.conf')
    writeFileSync(conf, read('slapd.conf').replace('/var/lib/ldap/example', join(folder, 'data')))
    const loaded = spawnSync('slapadd', ['-q', '-f', conf, '-l', join(ROOT, 'etc/example.ldif')], {
      encoding: 'utf8',
    })
    expect({ status: loaded.status, stderr: loaded.stderr.trim() }).toEqual({ status: 0, stderr: '' })
  },
)
