import { isIP } from 'node:net'
import { parseAddress } from '../address.ts'
import { parseAccount, parseName } from './account-name.ts'
import { BadValue } from './bad-value.ts'
import { type AccessRule, type Listen, MAP_NAMES, type MapName, OVERFLOWS, type Position } from './config.ts'
import type { Cursor } from './cursor.ts'
import { parseDomain } from './domain.ts'
import type { Draft } from './draft.ts'
import { MAX_LISTEN, MAX_RULES, MAX_SOCKET_PATH } from './limits.ts'
import { parseAbsolutePath, parsePath } from './path.ts'
import { parsePrefixes } from './prefix.ts'
import type { Report } from './report.ts'

/** Reads what follows the statement's first word, which stands `at`. */
export type GlobalStatement = (cursor: Cursor, draft: Draft, report: Report, at: Position) => void

/** The statements outside directory blocks by their first word, but for `include`, `directory` and macros. */
export const GLOBAL_STATEMENTS: ReadonlyMap<string, GlobalStatement> = new Map([
  ['domain', readDomain],
  ['interval', readInterval],
  ['provide', readProvide],
  ['cafile', readCafile],
  ['bind', readBind],
  ['listen', readListen],
  ['record', readRecord],
  ['overflow', readOverflow],
  ['allow', accessReader('allow')],
  ['deny', accessReader('deny')],
  ['user', readUser],
  ['state', readState],
  ['guard', readGuard],
  ['expire', readExpire],
  ['control', readControl],
  ['udp', readUdp],
])

const MAX_INTERVAL = 2 ** 31 - 1
const MIN_RECORD = 256
const MAX_RECORD = 64 * 1024
const MAX_WORKERS = 64
/** bytes: names of files come behind it */
const MAX_STATE = 1024

function readDomain(cursor: Cursor, draft: Draft): void {
  const { value } = cursor.value('the name of the domain', parseDomain)
  // A refused one is reported; the draft only needs to know that there is one.
  draft.domain = value ?? ''
}

function readInterval(cursor: Cursor, draft: Draft): void {
  draft.interval = cursor.number('a number of seconds', 1, MAX_INTERVAL)
}

function readProvide(cursor: Cursor, draft: Draft, report: Report): void {
  cursor.word('map')
  const { value, at } = cursor.value('the name of a map', parseMapName)
  if (value === undefined) return
  if (draft.maps.some((map) => map.value === value)) {
    report.warning(at, `map ${value} is provided already, once is enough`)
  }
  draft.maps.push({ value, at })
}

function parseMapName(text: string): MapName {
  const name = MAP_NAMES.find((known) => known === text)
  if (name === undefined) throw new BadValue(`unsupported map, expected one of ${MAP_NAMES.join(', ')}`)
  return name
}

function readCafile(cursor: Cursor, draft: Draft): void {
  const { value, at } = cursor.value('the path of a PEM file', parsePath)
  draft.cafiles.push({ value: value ?? '', at })
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

function readRecord(cursor: Cursor, draft: Draft): void {
  cursor.word('limit')
  draft.recordLimit = cursor.number('a number of bytes', MIN_RECORD, MAX_RECORD)
}

function readOverflow(cursor: Cursor, draft: Draft): void {
  const word = OVERFLOWS.find((one) => cursor.takes(one))
  if (word === undefined) throw cursor.unexpected("'cut', 'split', 'keep' or 'drop'")
  draft.overflow = word
}

function accessReader(verdict: AccessRule['verdict']): GlobalStatement {
  return (cursor, draft, report) => {
    cursor.word('from')
    do {
      if (cursor.atSymbol(',')) throw cursor.unexpected('a blank', 'prefixes are separated by blanks')
      const { value = [], at } = cursor.value("an address, a prefix or 'any'", parsePrefixes)
      if (draft.access.length + value.length > MAX_RULES) {
        report.problem(at, `too many prefixes, expected at most ${MAX_RULES} in all`)
      } else {
        for (const prefix of value) draft.access.push({ verdict, ...prefix })
      }
    } while (!cursor.atLineEnd())
  }
}

function readUser(cursor: Cursor, draft: Draft): void {
  const { value, at } = cursor.value('the name of an account', parseAccount)
  draft.user = { value: value ?? '', at }
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

function readGuard(cursor: Cursor, draft: Draft): void {
  cursor.word('shrink')
  draft.guardShrink = cursor.number('a percentage', 0, 100)
}

function readExpire(cursor: Cursor, draft: Draft): void {
  const { at } = cursor.peek()
  draft.expire = { value: cursor.number('a number of seconds', 1, MAX_INTERVAL), at }
}

function readUdp(cursor: Cursor, draft: Draft): void {
  cursor.word('workers')
  draft.udpWorkers = cursor.takes('auto')
    ? 'auto'
    : cursor.number("a number of threads, or 'auto'", 1, MAX_WORKERS)
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
