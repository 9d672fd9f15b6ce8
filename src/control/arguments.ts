/** The command line of ypldapctl. */
import { parseArgs } from 'node:util'
import { logLevel } from '../messages/child.ts'
import { type Request, request } from '../messages/control.ts'
import { ShapeError } from '../messages/shape.ts'

export interface Arguments {
  readonly socket: string
  readonly json: boolean
  /** `cat`, `match`: the keys, too */
  readonly keys: boolean
  /** `clients`: as comma-separated values */
  readonly csv: boolean
  /** undefined: all, or the only one */
  readonly domain: string | undefined
  readonly request: Request
}

export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const USAGE = `usage: ypldapctl [-h] [--json] [-s SOCKET] [-d DOMAIN] [COMMAND [ARGUMENT ...]]

  status                        what is served, how old it is, and who makes it; exit 0 fresh, 1 stale, 2 down
                                (what is done without a command)
  init [OPTION ...]             write a first ypldap.conf for a directory; 'init -h' has its options
  refresh [--force] [DIRECTORY] read the directories now; --force passes the guard
  reload                        read ypldap.conf again
  check                         say what is wrong with ypldap.conf, and change nothing
  explain user NAME             what directories and maps have of a user, and why it is not there; then exit 1
  log LEVEL                     error, warning, info or debug
  maps                          the maps and how many records they have
  match [-k] MAP KEY            one record, whoever may see it
  cat [-k] MAP                  all records of a map; -k: keys, too
  clients [--csv]               who has asked: when last, how often, and for which maps
  rejected                      rows that are not in the maps, and why
  stop                          end the daemon

-d says of which domain; where there are several, maps, match, cat, rejected and explain need it.
`

/** undefined: asked for the usage. Throws UsageError. */
export function readArguments(words: readonly string[], defaultSocket: string): Arguments | undefined {
  const { values, positionals } = parse(words)
  if (values.help) return undefined
  const [command = 'status', ...operands] = positionals
  const { force, keys, csv, domain } = values
  if (force && command !== 'refresh') throw new UsageError('--force belongs to refresh')
  if (keys && command !== 'cat' && command !== 'match') throw new UsageError('-k belongs to cat and match')
  if (csv && (command !== 'clients' || values.json))
    throw new UsageError('--csv belongs to clients, without --json')
  return {
    socket: values.socket ?? defaultSocket,
    json: values.json,
    keys,
    csv,
    domain,
    request: fitting(ofDomain(requestOf(command, operands, force), domain)),
  }
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        socket: { type: 'string', short: 's' },
        json: { type: 'boolean', default: false },
        force: { type: 'boolean', default: false },
        keys: { type: 'boolean', short: 'k', default: false },
        csv: { type: 'boolean', default: false },
        domain: { type: 'string', short: 'd' },
      },
    })
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message)
    throw error
  }
}

function requestOf(command: string, operands: readonly string[], force: boolean): Request {
  const [first = '', second = ''] = operands
  const takes = (least: number, most = least) => {
    if (operands.length >= least && operands.length <= most) return
    throw new UsageError(
      `${command}: ${operands.length} operands, expected ${least === most ? least : `${least} to ${most}`}`,
    )
  }
  switch (command) {
    case 'status':
    case 'reload':
    case 'check':
    case 'maps':
    case 'rejected':
    case 'clients':
    case 'stop':
      takes(0)
      return { kind: command }
    case 'refresh':
      takes(0, 1)
      return { kind: command, force, ...(operands.length === 1 && { directory: first }) }
    case 'log':
      takes(1)
      return { kind: command, level: levelOf(first) }
    case 'explain':
      takes(2)
      if (first !== 'user') throw new UsageError(`explain: "${first}" can't be explained, expected user`)
      return { kind: command, name: second }
    case 'cat':
      takes(1)
      return { kind: command, map: first }
    case 'match':
      takes(2)
      // What a terminal gives is UTF-8, and so is what a map holds, as a rule.
      return { kind: command, map: first, key: Buffer.from(second, 'utf8').toString('latin1') }
    case 'init':
      throw new UsageError('init is the first word, and has options of its own: ypldapctl init -h')
    default:
      throw new UsageError(`no such command: ${command}`)
  }
}

function ofDomain(wish: Request, domain: string | undefined): Request {
  // Of the status the daemon tells all.
  if (domain === undefined || wish.kind === 'status') return wish
  if (ABOUT_ONE.has(wish.kind)) return { ...wish, domain } as Request
  throw new UsageError(`-d belongs to status, ${[...ABOUT_ONE].join(', ')}, not to ${wish.kind}`)
}

const ABOUT_ONE: ReadonlySet<Request['kind']> = new Set([
  'refresh',
  'maps',
  'match',
  'cat',
  'rejected',
  'explain',
])

/** The daemon ends a connection that asks what no message holds. */
function fitting(wish: Request): Request {
  try {
    return request(wish, wish.kind)
  } catch (error) {
    if (error instanceof ShapeError) throw new UsageError(error.message)
    throw error
  }
}

function levelOf(word: string): Extract<Request, { kind: 'log' }>['level'] {
  try {
    return logLevel(word, 'log')
  } catch {
    throw new UsageError(`log: "${word}" is no level, expected error, warning, info or debug`)
  }
}
