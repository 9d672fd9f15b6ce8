import { describe, expect, test } from 'vitest'
import { parseServer, ServerError } from '../../src/init/server.ts'

const ldap = (host: string, port?: number, ldaps = false) => ({ kind: 'ldap', host, port, ldaps })

describe('the server', () => {
  test.each([
    ['ldap.example.com', ldap('ldap.example.com')],
    ['ldap.example.com:3890', ldap('ldap.example.com', 3890)],
    ['ldap://ldap.example.com/', ldap('ldap.example.com')],
    ['LDAPS://ldap.example.com:6360', ldap('ldap.example.com', 6360, true)],
    ['192.0.2.1:389', ldap('192.0.2.1', 389)],
    ['2001:db8::1', ldap('2001:db8::1')],
    ['ldaps://[2001:db8::1]:636', ldap('2001:db8::1', 636, true)],
    ['ldapi:///', { kind: 'ldapi', url: 'ldapi:///' }],
    ['ldapi://%2Frun%2Fldapi', { kind: 'ldapi', url: 'ldapi://%2Frun%2Fldapi' }],
  ])('%s is understood', (text, server) => {
    expect(parseServer(text)).toEqual(server)
  })

  test.each(['', 'http://ldap.example.com', 'a b', 'ldap.example.com/dc=x', 'host:port'])(
    '%j is refused',
    (text) => {
      expect(() => parseServer(text)).toThrow(ServerError)
    },
  )
})
