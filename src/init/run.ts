/** `ypldapctl init`: from a directory's name to a ypldap.conf that is known to work. */
import { existsSync, linkSync, readFileSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Writable } from 'node:stream'
import { isThisHost } from '../address.ts'
import { DirectoryError } from '../directory/error.ts'
import { type RootDse, readRootDse } from '../directory/look.ts'
import { readable } from '../directory/octets.ts'
import { replaceFile } from '../maps/replace-file.ts'
import { visible } from '../visible.ts'
import { DEFAULT_FILE, INIT_USAGE, InitUsageError, readInitArguments, type Wishes } from './arguments.ts'
import { detectHabits, type Habits } from './detect.ts'
import { DraftError, readDraft } from './draft-config.ts'
import { type Questions, Unanswered } from './questions.ts'
import { type Bare, converse, NoTls, type Reached, reach } from './reach.ts'
import { describeWay, type Named, parseServer, ServerError } from './server.ts'
import { groupsWithRecords, SURVEYED, type Survey, survey } from './survey.ts'
import { type Bind, configText, type Draft } from './text.ts'

const EXIT_OK = 0
/** Nothing was written. */
const EXIT_FAILED = 1
/** EX_USAGE of sysexits(3) */
const EXIT_USAGE = 64

/** Of rows that are left out. */
const SHOWN = 10

export interface InitTerminal {
  readonly out: Writable
  readonly error: Writable
  /** undefined: nobody is there to be asked */
  readonly questions: Questions | undefined
}

export async function init(words: readonly string[], terminal: InitTerminal): Promise<number> {
  const complain = (text: string) => terminal.error.write(`ypldapctl: ${text}\n`)
  try {
    const wishes = readInitArguments(words)
    if (wishes === undefined) {
      terminal.out.write(INIT_USAGE)
      return EXIT_OK
    }
    await writeConfig(wishes, terminal)
    return EXIT_OK
  } catch (error) {
    if (error instanceof InitUsageError) {
      complain(`${visible(error.message)}\n${INIT_USAGE.trimEnd()}`)
      return EXIT_USAGE
    }
    if (!isExpected(error)) throw error
    for (const line of error.message.split('\n')) complain(visible(line))
    return EXIT_FAILED
  }
}

/** It can't go on, and says why. */
class InitError extends Error {
  override readonly name = 'InitError'
}

function isExpected(error: unknown): error is Error {
  return (
    error instanceof InitError ||
    error instanceof DirectoryError ||
    error instanceof DraftError ||
    error instanceof Unanswered ||
    // of the file system
    (error instanceof Error && 'syscall' in error)
  )
}

async function writeConfig(wishes: Wishes, { out, error, questions }: InitTerminal): Promise<void> {
  const { file, force } = wishes
  if (!force && !saysNothing(file))
    throw new InitError(
      `${file} is there already: name another with -f, or say --force, which keeps it as ${file}.old`,
    )
  const say = (text: string) => out.write(`${visible(text)}\n`)

  const server = wishes.server ?? (await askServer(questions))
  const start: Draft = {
    server,
    way: { port: undefined, security: 'none' },
    ca: wishes.ca,
    bind: { kind: 'anonymous' },
    base: '',
    domain: 'undecided',
    allow: [],
    schema: 'rfc2307',
    idmap: 'none',
    groups: ['accounts'],
  }
  const { way, rootDse: shown } = await reachServer(start, wishes.plain, questions)
  say(`server   ${describeWay(server, way)}${shown.vendor === '' ? '' : `: ${shown.vendor}`}`)

  const bind = await bindOf(wishes, questions)
  const bound = { ...start, way, bind }
  // What it does not tell a stranger it may tell this one; and now it is known that the bind succeeds.
  const rootDse = await converse(readDraft(bound).directory, readRootDse)
  const base = await baseOf(wishes, rootDse, questions)
  const habits = await converse(readDraft({ ...bound, base }).directory, (session) =>
    detectHabits(session, rootDse, base),
  )
  say(`base     ${base}`)
  say(`schema   ${habits.schema}${habits.idmap === 'sid' ? ', idmap sid' : ''}: ${habits.why}`)

  const domain = await domainOf(wishes, base, questions)
  const allow = await allowOf(wishes, questions)
  const wide = { ...bound, base, domain, allow, ...only(habits), groups: SURVEYED }
  const { domain: wideDomain, directory } = readDraft(wide)
  const found = await survey(wideDomain, directory, told(error, questions !== undefined))
  show(found, say)
  if (found.counts.users + found.counts.groups === 0) throw new InitError(nothingIn(base, bind, found))

  const draft = { ...wide, groups: groupsWithRecords(found.counts) }
  readDraft(draft)
  await put(file, configText(draft))
  for (const line of next(file, draft)) say(line)
}

function only({ schema, idmap }: Habits): Pick<Draft, 'schema' | 'idmap'> {
  return { schema, idmap }
}

async function askServer(questions: Questions | undefined): Promise<Named> {
  if (questions === undefined)
    throw new InitUsageError('nobody is there to be asked: name the directory with -H')
  const text = await questions.ask('Directory (a host, an address or a URL)', '')
  try {
    return parseServer(text)
  } catch (error) {
    if (error instanceof ServerError) throw new InitError(error.message)
    throw error
  }
}

/** Without TLS only where that was said, or on this host. */
async function reachServer(start: Draft, plain: boolean, questions: Questions | undefined): Promise<Reached> {
  const { server } = start
  const by = (bare: Bare) => reach(server, (way) => readDraft({ ...start, way }).directory, bare)
  try {
    return await by(plain ? 'want' : isHere(server) ? 'take' : 'refuse')
  } catch (error) {
    if (error instanceof DirectoryError && error.code === 'tls-failed')
      throw new InitError(
        `${error.message}\nname the certificate of its CA with --ca, or go without TLS with --plain`,
      )
    if (!(error instanceof NoTls)) throw error
    const danger = 'passwords and maps could be read and changed on the way'
    if (questions === undefined)
      throw new InitError(`the server has no TLS: ${error.message}\ngo without it with --plain: ${danger}`)
    const answer = await questions.ask(`The server has no TLS: ${danger}. Go without it?`, 'no')
    if (!/^y(?:es)?$/i.test(answer)) throw new InitError('nothing is written')
    return by('want')
  }
}

function isHere(server: Named): boolean {
  return server.kind === 'ldapi' || isThisHost(server.host)
}

async function bindOf({ bind, passwordFile }: Wishes, questions: Questions | undefined): Promise<Bind> {
  const dn = bind ?? (await questions?.ask('Bind as (a DN; empty: as nobody in particular)', '')) ?? ''
  if (dn === '') return { kind: 'anonymous' }
  if (passwordFile !== undefined) return { kind: 'file', dn, path: passwordFile }
  if (questions === undefined)
    throw new InitUsageError('nobody is there to be asked: name a file with the password with -y')
  return { kind: 'password', dn, password: await questions.secret(`Password of ${dn}`) }
}

async function baseOf(
  { base }: Wishes,
  { contexts }: RootDse,
  questions: Questions | undefined,
): Promise<string> {
  const [first = '', ...others] = contexts
  const said = base ?? (await questions?.ask('Base', first)) ?? ''
  if (said !== '') return said
  if (first === '') throw new InitError('the directory does not say what it holds: name the base with -b')
  if (others.length > 0)
    throw new InitError(`it holds several trees, name one with -b: ${contexts.join('; ')}`)
  return first
}

/** `dc=example,dc=com` is example.com's. */
async function domainOf({ domain }: Wishes, base: string, questions: Questions | undefined): Promise<string> {
  const guess = [...base.matchAll(/(?:^|,)\s*dc\s*=\s*([^,\\]+?)\s*(?=,|$)/gi)]
    .map(([, label = '']) => label.toLowerCase())
    .join('.')
  const said = domain ?? (await questions?.ask('NIS domain', guess)) ?? guess
  if (said === '') throw new InitError('the base tells of no domain: name the NIS domain with -d')
  return said
}

async function allowOf({ allow }: Wishes, questions: Questions | undefined): Promise<readonly string[]> {
  const said =
    allow ??
    (await questions?.ask('Who may ask (prefixes such as 192.0.2.0/24; empty: this host)', ''))?.split(
      /[\s,]+/,
    )
  const prefixes = (said ?? []).filter((prefix) => prefix !== '')
  const wrong = prefixes.find((prefix) => !/^[\w.:/]+$/.test(prefix))
  if (wrong !== undefined) throw new InitError(`"${wrong}" is no prefix, expected one such as 192.0.2.0/24`)
  return prefixes
}

/** A line that is written over, for whoever waits. */
function told(error: Writable, isTerminal: boolean): (count: number) => void {
  if (!isTerminal) return () => {}
  return (count) => {
    if (count % 1000 === 0) error.write(`\r${count} entries\r`)
  }
}

function show({ counts, rejected, milliseconds }: Survey, say: (text: string) => void): void {
  const maps = counts.maps.filter(
    ({ records, name }) => records > 0 && !/^(?:passwd|group|netid)\./.test(name),
  )
  say(`users    ${counts.users}`)
  say(`groups   ${counts.groups}`)
  for (const { name, records } of maps) say(`map      ${name}: ${records} records`)
  say(`read in  ${(milliseconds / 1000).toFixed(1)} s`)
  if (rejected.length === 0) return
  say(`rejected ${rejected.length} rows are left out of the maps, or cut:`)
  for (const { dn, reason } of rejected.slice(0, SHOWN)) say(`         ${readable(dn)}: ${readable(reason)}`)
  if (rejected.length > SHOWN)
    say(`         and ${rejected.length - SHOWN} more, which "ypldapctl rejected" shows once ypldap runs`)
}

function nothingIn(base: string, bind: Bind, { rejected }: Survey): string {
  const who =
    bind.kind === 'anonymous' ? 'it may show them only to those who bind (-D)' : `${bind.dn} may not see them`
  const why =
    rejected.length > 0 ? `${rejected.length} rows were left out` : `there are none below ${base}, or ${who}`
  return `no users and no groups: ${why}; nothing is written`
}

/** As a package installs it, with comments alone; or not there. */
function saysNothing(file: string): boolean {
  if (!existsSync(file)) return true
  return readFileSync(file, 'utf8')
    .split('\n')
    .every((line) => /^\s*(?:#|$)/.test(line))
}

/** Never half written, and only its owner's. */
async function put(file: string, text: string): Promise<void> {
  if (!saysNothing(file)) {
    rmSync(`${file}.old`, { force: true })
    linkSync(file, `${file}.old`)
  }
  await replaceFile(file, 0o600, async (handle) => {
    await handle.writeFile(text)
    await handle.sync()
  })
}

function next(file: string, { domain, allow }: Draft): readonly string[] {
  return [
    `wrote    ${file}`,
    ...(allow.length === 0
      ? ['         only this host may ask, until a line "allow from" in it names others']
      : []),
    file === DEFAULT_FILE
      ? 'next     systemctl enable --now ypldap, or without systemd: ypldap'
      : `next     ypldap -f ${file}`,
    '         ypldapctl status shows how it fares',
    `         clients need "domain ${domain} server ${hostname()}" in /etc/yp.conf, and this domainname`,
  ]
}
