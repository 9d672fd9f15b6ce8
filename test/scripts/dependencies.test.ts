import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { run } from '../support/lab-run.ts'

const PROJECT = join(import.meta.dirname, '../..')

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ypldap-dependencies-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** Runs the check at the top of a tree: what it finds, and its last line. */
async function check(top: string): Promise<readonly [readonly string[], string]> {
  const script = join(PROJECT, 'scripts/dependencies.ts')
  const command = 'cd "$1" && exec "$2" "$3"'
  const { status, stdout, stderr } = await run('sh', ['-c', command, 'sh', top, process.execPath, script])
  const found = stderr.split('\n').filter((line) => line !== '')
  expect(status).toBe(found.length === 0 ? 0 : 1)
  return [found, stdout]
}

function write(path: string, value: unknown): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), JSON.stringify(value))
}

const RIGHT = { version: '1.0.0', license: 'MIT', integrity: 'sha512-x' }

/** What is found in a tree of one dependency, with these packages in its lock. */
async function problems(packages: object, manifest: object = { dependencies: { one: '1.0.0' } }) {
  write('package.json', manifest)
  write('package-lock.json', { packages: { '': manifest, ...packages } })
  const [found] = await check(folder)
  return found
}

test('the project has nothing to object to in what its users install', async () => {
  const [found, said] = await check(PROJECT)
  expect(found).toEqual([])
  expect(said).toMatch(/^dependencies: \d+ packages at run time, 0 problems\n$/)
})

test('what only developers install may run scripts, and have other licences', async () => {
  const dev = { ...RIGHT, dev: true, hasInstallScript: true, license: 'MPL-2.0' }
  expect(await problems({ 'node_modules/one': RIGHT, 'node_modules/dev': dev })).toEqual([])
})

test('a script at install time is told of, of a dependency of a dependency and of one of its own, too', async () => {
  const one = { ...RIGHT, dependencies: { two: '^1.0.0' } }
  const own = { ...RIGHT, hasInstallScript: true }
  const packages = { 'node_modules/one': one, 'node_modules/two': own }
  expect(await problems(packages)).toEqual(['two 1.0.0: runs a script when it is installed'])
  expect(
    await problems({
      'node_modules/one': one,
      'node_modules/one/node_modules/two': own,
      'node_modules/two': RIGHT,
    }),
  ).toEqual(['two 1.0.0: runs a script when it is installed'])
})

test('a script that the lock does not know of is found where the package lies', async () => {
  write('node_modules/one/package.json', { scripts: { postinstall: 'x' } })
  expect(await problems({ 'node_modules/one': RIGHT })).toEqual([
    'one 1.0.0: runs a script when it is installed: postinstall',
  ])
})

test('ranges, unknown licences, packages without a checksum or not in the lock are told of', async () => {
  const manifest = {
    dependencies: { one: '^1.0.0', gone: '1.0.0' },
    devDependencies: { two: 'latest' },
    optionalDependencies: { three: '1.0.0' },
    scripts: { postinstall: 'x' },
  }
  const three = { version: '1.0.0', license: 'GPL-3.0-only' }
  expect(await problems({ 'node_modules/one': RIGHT, 'node_modules/three': three }, manifest)).toEqual([
    'package.json: postinstall would run at every install',
    'one: ^1.0.0 is no exact version',
    'two: latest is no exact version',
    'gone: not in package-lock.json',
    expect.stringMatching(/^three 1\.0\.0: licence GPL-3\.0-only is none of 0BSD, /),
    'three 1.0.0: package-lock.json has no SHA-512 of it',
  ])
})
