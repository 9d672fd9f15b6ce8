/** One command of ypldapctl, from its words to its exit status. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { DomainStatus, Request, Status } from '../messages/control.ts'
import { unpackClients } from '../messages/packed-clients.ts'
import type { Client } from '../messages/usage.ts'
import { visible } from '../visible.ts'
import { type Arguments, readArguments, USAGE, UsageError } from './arguments.ts'
import { ask, type Part, Unreachable } from './client.ts'
import { clientsCsv } from './clients-csv.ts'
import { clientsText } from './clients-text.ts'
import { explain, explanationObjects, explanationText } from './explain.ts'
import { createProgressView } from './progress.ts'
import { recordJson, recordLine } from './records-text.ts'
import { statusText, table } from './status-text.ts'
import { moment, span } from './units.ts'
import { EXIT_STATUS, type Verdict, verdictOf } from './verdict.ts'
import { wholeStatus } from './whole-status.ts'

export const EXIT_OK = 0
/** What was asked for was not done; of `status`: stale. */
export const EXIT_FAILED = 1
/** There is no daemon that could be asked; of `status`: nothing is answered. */
export const EXIT_DOWN = 2
/** EX_USAGE of sysexits(3) */
export const EXIT_USAGE = 64

export interface Terminal {
  readonly out: Writable
  readonly error: Writable
  /** whether a person looks at each */
  readonly outIsTerminal: boolean
  readonly errorIsTerminal: boolean
  readonly columns: number
  readonly colour: boolean
}

export async function run(
  words: readonly string[],
  defaultSocket: string,
  terminal: Terminal,
): Promise<number> {
  const complain = (text: string) => terminal.error.write(`ypldapctl: ${text}\n`)
  let args: Arguments | undefined
  try {
    args = readArguments(words, defaultSocket)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    terminal.error.write(`ypldapctl: ${visible(error.message)}\n${USAGE}`)
    return EXIT_USAGE
  }
  if (args === undefined) {
    terminal.out.write(USAGE)
    return EXIT_OK
  }
  try {
    return await command(args, terminal)
  } catch (error) {
    const reason = (error as Error).message
    if (args.json) terminal.out.write(`${JSON.stringify({ error: reason })}\n`)
    else complain(visible(reason))
    return error instanceof Unreachable ? EXIT_DOWN : EXIT_FAILED
  }
}

async function command(args: Arguments, terminal: Terminal): Promise<number> {
  const { request } = args
  if (request.kind === 'status') return showStatus(args, terminal)
  if (request.kind === 'refresh') return refreshAll(args, request, terminal)
  if (request.kind === 'explain') return showExplanation(args, request, terminal)
  if (request.kind === 'clients' && !args.json) return showClients(args, terminal)
  for await (const part of ask(args.socket, request)) {
    await print(terminal.out, args.json ? jsonLines(part) : lines(part, args, terminal))
  }
  if (request.kind === 'check' && !args.json) terminal.out.write('configuration OK\n')
  return EXIT_OK
}

async function showStatus({ socket, json, domain }: Arguments, { out, colour }: Terminal): Promise<number> {
  let verdict: Verdict
  let status: Status | undefined
  try {
    status = ofDomain(await askStatus(socket), domain)
    verdict = verdictOf(status)
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error
    verdict = { word: 'down', text: error.message }
  }
  const { word, text } = verdict
  if (json) out.write(`${JSON.stringify({ verdict: word, summary: text, ...status })}\n`)
  else out.write(statusText(verdict, status, colour))
  return EXIT_STATUS[word]
}

type RefreshRequest = Extract<Request, { kind: 'refresh' }>

/** One domain after the other where none is named; throws what became of those that failed. */
async function refreshAll(args: Arguments, request: RefreshRequest, terminal: Terminal): Promise<number> {
  const { domains } = await askStatus(args.socket)
  const isOne = request.domain !== undefined || request.directory !== undefined || domains.length < 2
  if (isOne) return refresh(args, request, terminal)
  const failures: string[] = []
  for (const { name } of domains) {
    try {
      await refresh(args, { ...request, domain: name }, terminal, `${name}: `)
    } catch (error) {
      if (error instanceof Unreachable) throw error
      failures.push(`${name}: ${(error as Error).message}`)
    }
  }
  if (failures.length > 0) throw new Error(failures.join('; '))
  return EXIT_OK
}

/** `who` stands before what came of it. */
async function refresh(
  { socket, json }: Arguments,
  request: RefreshRequest,
  { out, error, errorIsTerminal, columns }: Terminal,
  who = '',
): Promise<number> {
  const before = meant(await askStatus(socket), request)
  const view = createProgressView({
    terminal: errorIsTerminal,
    columns,
    write: (text) => error.write(text),
    expected: (label) => before?.directories.find((one) => one.label === label)?.entries ?? 0,
  })
  try {
    for await (const part of ask(socket, request)) {
      if (part.kind !== 'progress') continue
      if (json) out.write(jsonLines(part))
      else view.show(part)
    }
  } finally {
    view.end()
  }
  const { name: domain, last = null, image = null } = meant(await askStatus(socket), request) ?? {}
  if (json) out.write(`${JSON.stringify({ domain, refresh: last, image })}\n`)
  else if (last !== null) {
    const { outcome, users, groups, rejected, took } = last
    const left = rejected > 0 ? `, ${rejected} rows left out or cut` : ''
    const made = image === null ? '' : `, generation ${image.generation} of ${moment(image.created)}`
    out.write(`${who}${outcome}: ${users} users and ${groups} groups in ${span(took)}${left}${made}\n`)
  }
  return EXIT_OK
}

async function showExplanation(
  { socket, json }: Arguments,
  request: Extract<Request, { kind: 'explain' }>,
  { out }: Terminal,
): Promise<number> {
  const status = await askStatus(socket)
  const named = request.domain === undefined ? status : ofDomain(status, request.domain)
  const [domain, ...others] = named.domains
  if (domain === undefined || others.length > 0)
    throw new Error(`there are several domains: say which with -d, of ${namesOf(status)}`)
  const found = await explain(socket, request.name, domain, status.now)
  await print(
    out,
    json
      ? explanationObjects(found)
          .map((object) => `${JSON.stringify(object)}\n`)
          .join('')
      : explanationText(found),
  )
  return found.isThere ? EXIT_OK : EXIT_FAILED
}

/** All together, as columns are as wide as what is in them. */
async function showClients({ socket, csv }: Arguments, { out }: Terminal): Promise<number> {
  const clients: Client[] = []
  for await (const part of ask(socket, { kind: 'clients' })) {
    if (part.kind === 'clients') clients.push(...unpackClients(part.clients))
  }
  if (csv) {
    await print(out, clientsCsv(clients))
  } else {
    const { requests, now } = await askStatus(socket)
    await print(out, clientsText(clients, requests?.clients ?? null, now))
  }
  return EXIT_OK
}

async function askStatus(socket: string): Promise<Status> {
  const status = await wholeStatus(ask(socket, { kind: 'status' }))
  if (status === undefined) throw new Unreachable('the daemon gave no status')
  return status
}

/** Of one domain alone, when it is named. */
function ofDomain(status: Status, domain: string | undefined): Status {
  if (domain === undefined) return status
  const domains = status.domains.filter(({ name }) => name === domain)
  if (domains.length > 0) return { ...status, domains }
  throw new Error(`no such domain: ${domain}, of ${namesOf(status)}`)
}

function namesOf({ domains }: Status): string {
  return domains.map(({ name }) => name).join(', ')
}

/** The domain that is asked for, if the daemon has it. */
function meant({ domains }: Status, { domain }: { readonly domain?: string }): DomainStatus | undefined {
  return domain === undefined ? domains[0] : domains.find(({ name }) => name === domain)
}

/** An object a line. */
function jsonLines(part: Part): string {
  return objects(part)
    .map((object) => `${JSON.stringify(object)}\n`)
    .join('')
}

function objects(part: Part): readonly object[] {
  switch (part.kind) {
    case 'maps':
      return part.maps
    case 'records':
      return part.records.map(recordJson)
    case 'rows':
      return part.rows
    case 'finding':
      return [part.finding]
    case 'usage':
      return part.usage
    case 'clients':
      return unpackClients(part.clients)
    case 'problems':
      return part.lines.map((problem) => ({ problem }))
    case 'progress': {
      const { kind: _, ...progress } = part
      return [{ progress }]
    }
    case 'status':
      return [part.status]
    case 'domain':
      return [part.domain]
    default:
      return part satisfies never
  }
}

function lines(part: Part, { keys }: Arguments, { outIsTerminal }: Terminal): string | Buffer {
  switch (part.kind) {
    case 'maps':
      return text(
        table(
          part.maps.map(({ name, records }) => [name, String(records)]),
          [1],
        ).map((line) => line.trim()),
      )
    case 'records':
      return Buffer.concat(part.records.map((record) => recordLine(record, keys, outIsTerminal)))
    case 'rows':
      return text(part.rows.map(({ directory, dn, reason }) => visible(`${directory}: ${dn}: ${reason}`)))
    case 'problems':
      return text(part.lines.flatMap((problem) => problem.split('\n').map(visible)))
    case 'status':
    case 'domain':
    case 'progress':
    case 'finding':
    case 'usage':
    case 'clients':
      return ''
    default:
      return part satisfies never
  }
}

function text(list: readonly string[]): string {
  return list.map((line) => `${line}\n`).join('')
}

/** Waits for a reader who is slower than the daemon. */
async function print(out: Writable, what: string | Buffer): Promise<void> {
  if (!out.write(what)) await once(out, 'drain')
}
