/** Whom the child processes run as. */
import { spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import { DEFAULT_DIRECTORY_USER, DEFAULT_METRICS_USER, DEFAULT_USER } from '../config/defaults.ts'
import { StartError } from '../start-error.ts'

export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

export interface Accounts {
  readonly server: Account
  readonly directory: Account
}

/** The entry of passwd(5), or of group(5), of a name, or a number in digits; as text of those forms. */
export type Lookup = (name: string) => string

/**
 * The accounts that the configuration names, which must be there and without rights. Undefined for who is not
 * root and can give its children no other account. Throws StartError.
 */
export function findAccounts(
  { accounts }: Pick<Config, 'accounts'>,
  uid = process.geteuid?.(),
  lookup: Lookup = (name) => entriesOf('passwd', name),
): Accounts | undefined {
  if (uid !== 0) return undefined
  const server = unprivileged(accounts.server, 'user', 'server process', lookup)
  const directory = unprivileged(accounts.directory, 'directory user', 'directory process', lookup)
  if (server.uid === directory.uid) {
    throw new StartError(
      'account-shared',
      `${accounts.server} and ${accounts.directory} are one account, uid ${server.uid}: who took over the server ` +
        "process could read the passwords of the directory process; name two with 'user' and 'directory user'",
    )
  }
  return { server, directory }
}

/** Whom who answers HTTP runs as: nobody that another process of ours does. Throws StartError. */
export function findStatusAccount(
  { user }: Config['metrics'],
  { server, directory }: Accounts,
  lookup: Lookup = (name) => entriesOf('passwd', name),
): Account {
  const status = unprivileged(user, 'metrics user', 'status process', lookup)
  const twin = [server, directory].find(({ uid }) => uid === status.uid)
  if (twin === undefined) return status
  throw new StartError(
    'account-shared',
    `${user} and ${twin.name} are one account, uid ${twin.uid}: who took over the status process, which answers ` +
      "HTTP, could end the other; name another with 'metrics user'",
  )
}

/** The number of a group. Throws StartError. */
export function findGroup(name: string, lookup: Lookup = (group) => entriesOf('group', group)): number {
  const gid = parseGroup(lookup(name), name)
  if (gid !== undefined) return gid
  throw new StartError(
    'group-missing',
    `there is no group ${name} for the control socket: make it with groupadd, or name another with 'control socket'`,
  )
}

function unprivileged(name: string, word: string, who: string, lookup: Lookup): Account {
  const account = parsePasswd(lookup(name), name)
  if (account === undefined) {
    throw new StartError(
      'account-missing',
      `there is no account ${name} for the ${who}: make it with ${howToMake(name)}, or name another with '${word}'`,
    )
  }
  // Files that the group of root may read are often those that nobody else may.
  if (account.uid === 0 || account.gid === 0) {
    throw new StartError(
      'account-is-root',
      `${name}, with uid ${account.uid} and gid ${account.gid}, has too many rights for the ${who}: name another ` +
        `account with '${word}'`,
    )
  }
  return account
}

function howToMake(name: string): string {
  const useradd = `useradd --system --user-group --shell /usr/sbin/nologin ${name}`
  const ours = [DEFAULT_USER, DEFAULT_DIRECTORY_USER, DEFAULT_METRICS_USER].includes(name)
  return ours ? `systemd-sysusers etc/sysusers.d/ypldap.conf, or ${useradd}` : useradd
}

/** Of an account in lines of passwd(5), by its name, or else by its number. */
export function parsePasswd(text: string, nameOrNumber: string): Account | undefined {
  const entry = findEntry(text, nameOrNumber)
  if (entry === undefined) return undefined
  const [name = '', , uid = '', gid = ''] = entry
  if (!isId(uid) || !isId(gid)) return undefined
  return { name, uid: Number(uid), gid: Number(gid) }
}

/** The number of a group in lines of group(5), by its name, or else by its number. */
export function parseGroup(text: string, nameOrNumber: string): number | undefined {
  const [, , gid = ''] = findEntry(text, nameOrNumber) ?? []
  return isId(gid) ? Number(gid) : undefined
}

/** A comment, or where the entries of NIS begin. */
const NO_ENTRY = /^[#+-]/

function findEntry(text: string, nameOrNumber: string): readonly string[] | undefined {
  const entries = text
    .split('\n')
    .filter((line) => !NO_ENTRY.test(line))
    .map((line) => line.split(':'))
  return (
    entries.find(([name]) => name === nameOrNumber) ?? entries.find(([, , number]) => number === nameOrNumber)
  )
}

/** Not the last, which chown(2) takes for none. */
function isId(text: string): boolean {
  return /^[0-9]{1,10}$/.test(text) && Number(text) < 0xffff_ffff
}

const MAX_FILE_BYTES = 64 * 1024 * 1024

/**
 * Where else than in /etc this host itself may know accounts. Never NIS or LDAP: those may wait for us, and who
 * runs them must not decide what we are.
 */
const SERVICES = 'altfiles extrausers systemd'

const GETENT_MS = 2000

function entriesOf(database: 'passwd' | 'group', name: string): string {
  const file = readEtc(database)
  return findEntry(file, name) === undefined ? getent(database, name) : file
}

function readEtc(database: string): string {
  try {
    const path = `/etc/${database}`
    return statSync(path).size > MAX_FILE_BYTES ? '' : readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

/** Nothing where there is no getent(1), or one without -s: then /etc is all there is. */
function getent(database: string, name: string): string {
  const { status, stdout } = spawnSync('getent', ['-s', SERVICES, database, name], {
    env: { PATH: '/usr/bin:/bin' },
    encoding: 'latin1',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: GETENT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024,
  })
  return status === 0 ? stdout : ''
}
