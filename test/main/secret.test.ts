import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { usePeer } from '../directory/peer-scripts.ts'
import { untilLogged } from '../support/lab-log.ts'
import { bindDone } from '../support/ldap-peer.ts'
import { places, serve, write, ypldap } from './command.ts'

const SECRET = `Horse-${randomBytes(8).toString('hex')}`

/** With a macro that is not used, a warning for -v. */
function conf(port: number, ...block: readonly string[]): string {
  return write(
    'ypldap.conf',
    [
      'domain "example.com"',
      'bind local',
      ...places(),
      `unused = "${SECRET}"`,
      `directory "127.0.0.1" port ${port} {`,
      '  basedn "dc=example,dc=com"',
      '  binddn "cn=ypldap,dc=example,dc=com"',
      `  bindcred "${SECRET}"`,
      ...block,
      '}',
      '',
    ].join('\n'),
  )
}

/** Command lines and environments of all processes, as far as we may see them. */
function visible(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => ['cmdline', 'environ', 'comm'].map((file) => `/proc/${pid}/${file}`))
    .map((path) => {
      try {
        return readFileSync(path, 'latin1')
      } catch {
        return ''
      }
    })
    .join('\n')
}

describe('the password of binddn', () => {
  test('is in no line of -n -v, also when something is wrong beside it', async () => {
    const good = await ypldap('-nv', '-f', conf(389))
    expect(good.stderr).toContain("macro 'unused' is not used (warning)")
    expect(good.stderr).toContain('configuration OK')
    const bad = await ypldap('-nv', '-f', conf(389, `bindcred "${SECRET}" nonsense`, 'keyfile "x"'))
    expect(bad.status).toBe(1)
    for (const { stdout, stderr } of [good, bad]) expect(stdout + stderr).not.toContain(SECRET)
  })

  test('reaches the server, and is in no argument, no environment and no line of the log', async () => {
    const asked: (string | undefined)[] = []
    const peer = await usePeer(async (client) => {
      const { id, password } = await client.next()
      asked.push(password)
      // Servers are known to repeat what they were sent.
      client.send(bindDone(id, 49, 'no such account'))
      await client.next()
    })
    const daemon = await serve(conf(peer.port), '-v')
    expect(await untilLogged(daemon, 'update-trashed')).toContain('invalidCredentials (49)')
    expect(asked).toEqual([SECRET])
    expect(daemon.output()).not.toContain(SECRET)
    const seen = visible()
    expect(seen).toContain('ypldap -d -f')
    expect(seen).not.toContain(SECRET)
  })
})
