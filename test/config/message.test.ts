import { describe, expect, expectTypeOf, test } from 'vitest'
import { BUILTIN_MAPS, MAP_GROUPS } from '../../src/config/builtin-maps.ts'
import { type DirectoryConfig, type DomainConfig, SCHEMAS } from '../../src/config/config.ts'
import { fingerprint } from '../../src/config/fingerprint.ts'
import { DEFAULT_LIMITS } from '../../src/config/limit-table.ts'
import { type DirectorySettings, toDirectory } from '../../src/messages/directory.ts'
import { MESSAGE_BYTES } from '../../src/messages/limits.ts'
import { toServer } from '../../src/messages/server.ts'
import { directoryLimits } from '../../src/supervisor/settings.ts'
import { configOf, DIRECTORY, DOMAIN, domainOf } from './check.ts'

const ALL_MAPS =
  Object.keys(MAP_GROUPS)
    .map((group) => `provide maps ${group}\n`)
    .join('') + [...BUILTIN_MAPS, 'auto.master'].map((name) => `provide map "${name}"\n`).join('')

/** As the process that reads the directories gets it. */
function settings(config: DomainConfig, state = '/var/lib/ypldap'): DirectorySettings {
  const { domain, interval, maps, recordLimit, overflow, admission, guardShrink, directories } = config
  return {
    kind: 'configure',
    domain,
    master: 'nis.example.com',
    interval,
    maps,
    recordLimit,
    overflow,
    admission,
    guardShrink,
    fingerprint: fingerprint(config).toString('hex'),
    state,
    limits: directoryLimits({ limits: DEFAULT_LIMITS }),
    directories,
  }
}

function sent(message: DirectorySettings): unknown {
  return toDirectory(JSON.parse(JSON.stringify(message)), 'message')
}

describe('what a configuration says can be said to the processes', () => {
  test('a directory has the type of the message', () => {
    expectTypeOf<DirectoryConfig>().toExtend<DirectorySettings['directories'][number]>()
  })

  test('a directory with every word arrives as it was', () => {
    const message = settings(
      domainOf(`${DOMAIN}cafile "/ca"
directory file "/x" required { basedn b }
directory ldapi:/// { basedn b bindext "dn:a"
}
directory h port 5 tls required {
basedn b
groupdn g
binddn "cn=a"
bindcred "s"
certfile "/c"
keyfile "/k"
list name maps to "x"
}
`),
    )
    expect(message.directories.map(({ required }) => required)).toEqual([true, false, true])
    expect(sent(message)).toEqual(message)
  })

  test.each(SCHEMAS)('all maps of a directory of the schema %s arrive as they were', (schema) => {
    const message = settings(domainOf(`${DOMAIN}${ALL_MAPS}directory h {\nbasedn b\nschema ${schema}\n}\n`))
    expect(message.maps.length).toBeGreaterThan(BUILTIN_MAPS.length)
    expect(message.directories[0]!.tables.length).toBeGreaterThan(24)
    expect(sent(message)).toEqual(message)
  })

  test('a map block with every word, a template and ids of SIDs arrive as they were', () => {
    const message = settings(
      domainOf(`${DOMAIN}map "x" { base "b" filter "(a=1)" each "{e}" key "{k}" aliases "{a}" value "{v}"
record limit 300 overflow split port reserved }
directory h {
basedn b
schema ad
idmap sid
template gecos "{cn}"
}
`),
    )
    expect(message.directories[0]).toMatchObject({ idmap: 'sid', fields: { gecos: { kind: 'template' } } })
    expect(sent(message)).toEqual(message)
  })

  test('as many maps as the file may name arrive', () => {
    const lines = Array.from(
      { length: 1024 },
      (_, number) => `map "x${number}" { }\nprovide map "auto.${number}"\n`,
    )
    const groups = ALL_MAPS.slice(0, ALL_MAPS.indexOf('provide map '))
    const message = settings(domainOf(`${DOMAIN}${lines.join('')}${groups}${DIRECTORY}`))
    expect(message.maps.length).toBeGreaterThan(2048)
    expect(sent(message)).toEqual(message)
    expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(MESSAGE_BYTES)
  })

  test('two hundred directories with all maps of RFC 2307 fit into a message', () => {
    const lines = 'directory h { basedn "dc=example,dc=com" }\n'.repeat(200)
    const text = `${DOMAIN}provide maps rfc2307\n${lines}`
    const message = settings(domainOf(text))
    expect(sent(message)).toEqual(message)
    expect(Buffer.byteLength(JSON.stringify(message))).toBeLessThan(MESSAGE_BYTES)
  })

  const text = 'x'.repeat(65_536)
  const path = `/${'x'.repeat(4094)}`

  test.each([
    ['paths', `directory file "${path}" { basedn b }\n`],
    ['bases', `directory h { basedn "${text}" }\n`],
    ['bases of FreeIPA', `directory h { basedn "${text}" schema ipa }\n`],
    ['templates', `map "x" { filter "${text}" key "${text}" value "${text}" }\n${DIRECTORY}`],
    ['templates of fields', `directory h {\nbasedn b\ntemplate home "${text}"\n}\n`],
    ['filters', `directory h {\nbasedn b\npasswd filter "${text}"\n}\n`],
    ['passwords', `directory h {\nbasedn b\nbinddn "${text}"\nbindcred "${text}"\n}\n`],
    ['names of attributes', `directory h {\nbasedn b\nattribute home maps to ${text.slice(0, 4096)}\n}\n`],
    ['fixed texts', `directory h {\nbasedn b\nfixed attribute home "${text}"\n}\n`],
    ['state directories', `${DIRECTORY}state directory "/${text.slice(0, 1023)}"\n`],
  ])('%s as long as the file may have them arrive', (_, lines) => {
    const { state, domains } = configOf(DOMAIN + lines)
    const message = settings(domains[0]!, state)
    expect(sent(message)).toEqual(message)
  })

  test('as many directories and rules as the file may have fit into a message', () => {
    const rules = 'allow from ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n'.repeat(8192)
    const config = domainOf(DOMAIN + DIRECTORY.repeat(256) + rules)
    const message = settings(config)
    expect(sent(message)).toEqual(message)
    const access = {
      kind: 'configure',
      domain: config.domain,
      access: config.access.map((rule) => ({ ...rule, prefix: [...rule.prefix] })),
      expire: null,
      maps: config.maps.map(({ name, secure }) => ({ name, secure })),
      found: false,
    }
    expect(toServer(access, 'message')).toEqual(access)
    for (const each of [message, access]) {
      expect(Buffer.byteLength(JSON.stringify(each))).toBeLessThan(MESSAGE_BYTES)
    }
  })
})
