import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { run } from '../support/lab-run.ts'

const PROJECT = join(import.meta.dirname, '../..')

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ypldap-imports-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** Runs the check at the top of a tree. */
function check(top: string) {
  const script = join(PROJECT, 'scripts/imports.ts')
  return run('sh', ['-c', 'cd "$1" && exec "$2" "$3"', 'sh', top, process.execPath, script])
}

/** What the check finds in a tree of these files. */
async function problems(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const { status, stdout, stderr } = await check(folder)
  const found = stderr.split('\n').filter((line) => line !== '')
  expect(status).toBe(found.length === 0 ? 0 : 1)
  expect(stdout).toBe(`import rules: ${Object.keys(files).length} files, ${found.length} problems\n`)
  return found
}

test('the project keeps its import rules', async () => {
  const { status, stdout, stderr } = await check(PROJECT)
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^import rules: \d{2,} files, 0 problems\n$/)
  expect(status).toBe(0)
})

test('a tree that keeps them passes', async () => {
  expect(
    await problems({
      'rpc/a.ts': "import { b } from './b.ts'\n",
      'src/maps/a.ts': "import { createHash } from 'node:crypto'\nimport { a } from '../../rpc/a.ts'\n",
      'src/server/a.ts': "import { LRUCache } from 'lru-cache'\nimport { log } from '../log.ts'\n",
      'src/directory/a.ts': "import type { Filter } from 'ldapts'\nimport { a } from '../maps/a.ts'\n",
      'src/main.ts': "import { a } from './directory/a.ts'\nimport { b } from './server/a.ts'\n",
    }),
  ).toEqual([])
})

describe('a forbidden import is found', () => {
  const target = 'export const x = 1\n'

  test.each([
    ['rpc/a.ts', '../src/log.ts', 'rpc must not know src'],
    ['src/maps/a.ts', '../config/config.ts', 'src/maps must not know src/config'],
    ['src/server/a.ts', '../directory/ldap.ts', 'src/server must not know src/directory'],
    ['src/directory/a.ts', '../server/udp.ts', 'src/directory must not know src/server'],
    ['src/supervisor/a.ts', '../../rpc/yp-arguments.ts', 'the supervisor decodes nothing of strangers'],
    ['src/server/a.ts', '../main.ts', 'of src/ itself only .* are shared'],
    ['src/unknown/a.ts', '../log.ts', 'no rule for the folder src/unknown'],
    ['src/server/a.ts', 'ldapts', 'only src/directory may'],
    ['src/directory/a.ts', 'lru-cache', 'only src/server may'],
    ['src/server/a.ts', 'left-pad', 'no package that the sources may use'],
  ])('in %s: %s', async (file, name, reason) => {
    expect(await problems({ [file]: `import { x } from '${name}'\n` })).toEqual([
      expect.stringMatching(new RegExp(`^${file}: imports ${name.replaceAll('.', '\\.')}: ${reason}`)),
    ])
  })

  const name = '../directory/x.ts'
  const found = [`src/server/a.ts: imports ${name}: src/server must not know src/directory`]

  test.each([
    ['of a type', `import type { X } from '${name}'\n`],
    ['of everything', `import * as x from "${name}"\n`],
    ['over several lines', `import {\n  x,\n  type Y,\n} from '${name}'\n`],
    ['behind others', `import { y } from './y.ts'\nimport { x } from '${name}'\n`],
    ['that is passed on', `export { x } from '${name}'\nexport * from './y.ts'\n`],
    ['at run time', `const x = await import('${name}')\n`],
  ])('%s', async (_, text) => {
    expect(await problems({ 'src/server/a.ts': text, 'src/directory/x.ts': target })).toEqual(found)
  })

  test('of nothing, for its effect alone', async () => {
    expect(await problems({ 'src/server/a.ts': `import '${name}'\n`, 'src/directory/x.ts': target })).toEqual(
      found,
    )
  })
})

test('an empty tree is an error, not a success', async () => {
  const { status, stderr } = await check(folder)
  expect(status).toBe(1)
  expect(stderr).toContain('no sources found: run this at the top of the project')
})
