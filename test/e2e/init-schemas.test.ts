import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import {
  AD_LDIF,
  AD_MAPS,
  AD_READER,
  AD_SUFFIX,
  controlSocketOf,
  IPA_LDIF,
  IPA_MAPS,
  IPA_SCHEMA,
  IPA_SUFFIX,
  labFolder,
  run,
  start389,
  startSambaAd,
  startYpldap,
  untilLogged,
} from '../support/lab.ts'

// What a directory is, is seen by itself; and why a user is or is not in the maps that are made of it.

const CTL = join(import.meta.dirname, '../../src/ypldapctl.ts')

const ending: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

async function init(...words: readonly string[]) {
  const folder = labFolder('init')
  const file = join(folder, 'ypldap.conf')
  const password = join(folder, 'password')
  writeFileSync(password, AD_READER.password, { mode: 0o600 })
  const said = await run(process.execPath, [
    CTL,
    'init',
    '-f',
    file,
    ...words.map((word) => word.replace('PASSWORD', password)),
  ])
  expect({ status: said.status, stderr: said.stderr }).toEqual({ status: 0, stderr: '' })
  return { stdout: said.stdout, text: readFileSync(file, 'utf8') }
}

async function serve(text: string) {
  const ypldap = await startYpldap(`bind local\n${text}`)
  ending.unshift(() => ypldap.stop())
  await untilLogged(ypldap, 'published')
  expect(controlSocketOf(ypldap.file)).toContain('control.sock')
  return ypldap
}

const linesOf = (text: string) => text.trimEnd().split('\n').toSorted()

describe('FreeIPA', () => {
  test('is seen by its groups, and its netgroups and automount maps are found', {
    timeout: 90_000,
  }, async () => {
    const server = await start389({ suffix: IPA_SUFFIX, ldif: IPA_LDIF, schema: IPA_SCHEMA })
    ending.unshift(() => server.stop())
    const { stdout, text } = await init('-H', `127.0.0.1:${server.port}`)
    expect(stdout).toContain(`base     ${IPA_SUFFIX}\n`)
    expect(stdout).toContain('schema   ipa: it has groups of FreeIPA\n')
    expect(text).toContain('domain "ipa.example"\n')
    expect(text).toContain('provide maps accounts\nprovide maps netgroups\nprovide maps automount\n')
    const { ctl } = await serve(text)
    expect(linesOf((await ctl('cat', 'passwd.byname')).stdout)).toEqual(
      IPA_MAPS['passwd.byname'].map(([, line]) => line).toSorted(),
    )
    const explained = await ctl('explain', 'user', 'alice')
    expect(explained.status).toBe(0)
    expect(explained.stdout).not.toContain('-> missing')
  })
})

describe('Active Directory', () => {
  test('is seen by what it says of itself, and its users are explained', {
    timeout: 120_000,
  }, async () => {
    const samba = await startSambaAd({ ldif: AD_LDIF })
    ending.unshift(() => samba.stop())
    // Samba without a key ends at STARTTLS.
    const { stdout, text } = await init('-H', '127.0.0.1', '--plain', '-D', AD_READER.dn, '-y', 'PASSWORD')
    expect(stdout).toMatch(/^server .*: Active Directory$/m)
    expect(stdout).toContain('schema   ad: it is Active Directory, and users have a uidNumber\n')
    expect(text).toContain(`basedn "${AD_SUFFIX}"\n`)
    const { ctl } = await serve(text)
    expect(linesOf((await ctl('cat', 'passwd.byname')).stdout)).toEqual(
      AD_MAPS['passwd.byname'].map(([, line]) => line).toSorted(),
    )
    for (const [name] of AD_MAPS['passwd.byname']) {
      const { status, stdout } = await ctl('explain', 'user', name)
      expect({ name, status, missing: stdout.includes('-> missing') }).toEqual({
        name,
        status: 0,
        missing: false,
      })
      expect(stdout).toMatch(/objectsid +S-1-5-21-/)
    }
    const disabled = await ctl('explain', 'user', 'dave')
    expect(disabled.status).toBe(1)
    expect(disabled.stdout).toMatch(
      /-> missing +the filter of users leaves it out: \(!\(userAccountControl:.*:=2\)\) is not/,
    )
  })
})
