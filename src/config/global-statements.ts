import { isIP } from 'node:net'
import { parseAddress } from '../address.ts'
import { parseAccount, parseName } from './account-name.ts'
import { BadValue } from './bad-value.ts'
import type { Listen, Located, Position } from './config.ts'
import type { Cursor } from './cursor.ts'
import { DEFAULT_METRICS_PORT } from './defaults.ts'
import { parseDomain } from './domain.ts'
import type { Draft } from './draft.ts'
import { readLimit } from './limit-statement.ts'
import { MAX_LISTEN, MAX_METRICS, MAX_SOCKET_PATH } from './limits.ts'
import { parseAbsolutePath } from './path.ts'
import type { Report } from './report.ts'

/** Reads what follows the statement's first word, which stands `at`. */
export type GlobalStatement = (cursor: Cursor, draft: Draft, report: Report, at: Position) => void

/** What is said of the process by the first word, but for `include`, and the domain of what stands beside blocks. */
export const GLOBAL_STATEMENTS: ReadonlyMap<string, GlobalStatement> = new Map<string, GlobalStatement>([
  ['domain', readDomain],
  ['bind', readBind],
  ['listen', readListen],
  ['metrics', readMetrics],
  ['user', readUser],
  ['state', readState],
  ['control', readControl],
  ['udp', readUdp],
  ['limit', readLimit],
  ['portmapper', readPortmapper],
])

const MAX_WORKERS = 64
/** bytes: names of files come behind it */
const MAX_STATE = 1024

function readDomain(cursor: Cursor, draft: Draft): void {
  const { value, at } = cursor.value('the name of the domain', parseDomain)
  // A refused one is reported; the draft only needs to know that there is one.
  draft.domain = { value: value ?? '', at }
}

function readBind(cursor: Cursor, draft: Draft): void {
  if (cursor.takes('local')) draft.bind = 'local'
  else if (cursor.takes('portmap')) draft.bind = 'portmap'
  else throw cursor.unexpected("'local' or 'portmap'")
}

function readListen(cursor: Cursor, draft: Draft, report: Report, at: Position): void {
  let listen: Listen = { at, port: 0 }
  if (cursor.takes('on')) {
    const { value } = cursor.value('an IPv4 or IPv6 address', parseListenAddress)
    if (cursor.takes('port')) listen = { at, port: readPort(cursor) }
    if (value === undefined) return
    listen = { ...listen, address: value }
  } else if (cursor.takes('port')) {
    listen = { at, port: readPort(cursor) }
  } else {
    throw cursor.unexpected("'on' and an address, or 'port' and a number")
  }
  const twin = draft.listen.find((other) => listenKey(other) === listenKey(listen))
  if (twin !== undefined) {
    report.problem(at, `same as the listen of line ${twin.at.line}, expected another address or port`)
  } else if (draft.listen.length === MAX_LISTEN) {
    report.problem(at, `too many listen statements, expected at most ${MAX_LISTEN}`)
  } else {
    draft.listen.push(listen)
  }
}

function readPort(cursor: Cursor): number {
  return cursor.number('a port number', 1, 65_535)
}

function parseListenAddress(text: string): string {
  if (isIP(text) === 0) throw new BadValue('not an address, expected an IPv4 or IPv6 address in numbers')
  return text
}

/** Equal for two spellings of one address. */
function listenKey({ address = 'any', port }: Listen): string {
  return `${parseAddress(address)?.join() ?? address} ${port}`
}

/** Where, or as whom. */
function readMetrics(cursor: Cursor, draft: Draft, report: Report, at: Position): void {
  if (cursor.takes('listen')) readMetricsListen(cursor, draft, report, at)
  else if (cursor.takes('user')) draft.metricsUser = readAccount(cursor)
  else throw cursor.unexpected("'listen' and an address, or 'user' and a name")
}

function readMetricsListen(cursor: Cursor, draft: Draft, report: Report, at: Position): void {
  cursor.takes('on')
  const { value: address } = cursor.value('an IPv4 or IPv6 address', parseListenAddress)
  const port = cursor.takes('port') ? readPort(cursor) : DEFAULT_METRICS_PORT
  if (address === undefined) return
  const key = listenKey({ at, address, port })
  const twin = draft.metrics.find((other) => listenKey({ at: other.at, ...other.value }) === key)
  if (twin !== undefined)
    report.problem(at, `same as the metrics of line ${twin.at.line}, expected another address or port`)
  else if (draft.metrics.length === MAX_METRICS)
    report.problem(at, `too many metrics statements, expected at most ${MAX_METRICS}`)
  else draft.metrics.push({ value: { address, port }, at })
}

function readUser(cursor: Cursor, draft: Draft): void {
  draft.user = readAccount(cursor)
}

function readAccount(cursor: Cursor): Located<string> {
  const { value, at } = cursor.value('the name of an account', parseAccount)
  return { value: value ?? '', at }
}

function readState(cursor: Cursor, draft: Draft): void {
  cursor.word('directory')
  const { value } = cursor.value('the path of a directory', parseState)
  if (value !== undefined) draft.state = value
}

function parseState(text: string): string {
  const path = parseAbsolutePath(text, MAX_STATE)
  if (/^\/+$/.test(path)) throw new BadValue('the root of all files, expected a directory for ypldap alone')
  return path
}

function readUdp(cursor: Cursor, draft: Draft): void {
  cursor.word('workers')
  draft.udpWorkers = cursor.takes('auto')
    ? 'auto'
    : cursor.number("a number of threads, or 'auto'", 1, MAX_WORKERS)
}

function readPortmapper(cursor: Cursor, draft: Draft): void {
  cursor.word('embedded')
  draft.portmapper = { broadcast: cursor.takes('broadcast') }
}

function readControl(cursor: Cursor, draft: Draft): void {
  cursor.word('socket')
  const path = cursor.value('the path of a socket', (text) => parseAbsolutePath(text, MAX_SOCKET_PATH))
  const group = cursor.takes('group') ? cursor.value('the name of a group', parseName) : undefined
  draft.control = {
    ...(path.value !== undefined && { socket: path.value }),
    ...(group?.value !== undefined && { group: group.value }),
  }
}
