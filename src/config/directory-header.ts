import { BadValue } from './bad-value.ts'
import type { Located, Location } from './config.ts'
import type { Cursor } from './cursor.ts'
import { LDAP_PORT, LDAPS_PORT } from './defaults.ts'
import type { DirectoryDraft } from './draft.ts'
import { parseTarget, type Target } from './location.ts'
import { parsePath } from './path.ts'
import type { Report } from './report.ts'

/** What may follow the name of a host, before the `{`. */
export const HEADER_WORDS = ['port', 'ldaps', 'tls', 'required']

/** The TCP port of a service, by name. */
export type ServicePort = (name: string) => number | undefined

/** Reads `directory`'s header up to and with its `{`, and tells the draft what it names. */
export function readDirectoryHeader(
  cursor: Cursor,
  draft: DirectoryDraft,
  report: Report,
  servicePort: ServicePort,
): void {
  // A host may be called `file`; what makes it this word is that a path follows.
  const isFile = cursor.peek().kind === 'word' && cursor.at('file') && cursor.atText(1)
  if (isFile) {
    cursor.next()
    const { value } = cursor.value('the path of an LDIF file', parsePath)
    const location: Location | undefined = value === undefined ? undefined : { kind: 'file', path: value }
    draft.label = value ?? ''
    refuseTransport(cursor, report, servicePort, 'an LDIF file')
    draft.required = cursor.takes('required')
    cursor.symbol('{')
    draft.location = location
    return
  }
  const name = cursor.text('a host, an address, an ldapi:// URL, or file and a path')
  const target = cursor.checked(name.at, () => parseTarget(name.value))
  draft.label = name.value
  if (target?.kind === 'ldapi') refuseTransport(cursor, report, servicePort, 'a unix socket')
  const location = readTransport(cursor, target, servicePort)
  draft.required = cursor.takes('required')
  if (draft.required && HEADER_WORDS.some((word) => cursor.at(word))) {
    throw cursor.unexpected("'{'", 'required is the last word of the header')
  }
  cursor.symbol('{')
  draft.location = location
}

function refuseTransport(cursor: Cursor, report: Report, servicePort: ServicePort, what: string): void {
  for (const word of ['port', 'ldaps', 'tls']) {
    if (!cursor.at(word)) continue
    report.problem(cursor.next().at, `'${word}' makes no sense for ${what}, expected '{'`)
    if (word === 'port') readPort(cursor, servicePort)
  }
}

function readTransport(
  cursor: Cursor,
  target: Target | undefined,
  servicePort: ServicePort,
): Location | undefined {
  const port = cursor.takes('port') ? readPort(cursor, servicePort) : undefined
  const security = cursor.takes('ldaps') ? 'ldaps' : cursor.takes('tls') ? 'starttls' : 'none'
  if (cursor.at('port')) throw cursor.unexpected("'{'", 'port comes before ldaps or tls')
  if (target === undefined) return undefined
  if (target.kind === 'ldapi') return { kind: 'ldapi', path: target.path }
  const defaultPort = security === 'ldaps' ? LDAPS_PORT : LDAP_PORT
  return { kind: 'ldap', host: target.host, port: port ?? defaultPort, security }
}

/** A number, or the name of a TCP service; undefined when it is neither, which is reported. */
function readPort(cursor: Cursor, servicePort: ServicePort): number | undefined {
  if (!cursor.atText()) return cursor.number('a port number', 1, 65_535)
  const service: Located<number | undefined> = cursor.value('a port', (text) => {
    const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : servicePort(text)
    if (port === undefined)
      throw new BadValue('unknown service, expected a TCP service of /etc/services or a number')
    if (port < 1 || port > 65_535)
      throw new BadValue('port out of range, expected a port number from 1 to 65535')
    return port
  })
  return service.value
}
