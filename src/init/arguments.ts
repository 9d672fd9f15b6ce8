/** The command line of `ypldapctl init`. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Named, parseServer, ServerError } from './server.ts'

/** What was said; what was not is asked, where there is somebody to ask. */
export interface Wishes {
  readonly server: Named | undefined
  readonly base: string | undefined
  /** the DN */
  readonly bind: string | undefined
  readonly passwordFile: string | undefined
  readonly domain: string | undefined
  readonly allow: readonly string[] | undefined
  readonly ca: string | undefined
  /** no TLS */
  readonly plain: boolean
  /** where it is written to */
  readonly file: string
  readonly force: boolean
}

export class InitUsageError extends Error {
  override readonly name = 'InitUsageError'
}

export const DEFAULT_FILE = '/etc/ypldap.conf'

export const INIT_USAGE = `usage: ypldapctl init [-h] [-H SERVER] [-b BASE] [-D DN [-y FILE]] [-d DOMAIN] [-a PREFIX ...]
                      [--ca FILE] [--plain] [-f FILE] [--force]

  -H, --host SERVER         the directory: a host, an address, or a URL such as ldaps://ldap.example.com
  -b, --base DN             where it is searched
  -D, --bind DN             who asks it; without it, nobody in particular
  -y, --password-file FILE  holds the password of that DN, and is named in the file that is written
  -d, --domain DOMAIN       the NIS domain
  -a, --allow PREFIX        who may ask the maps, several times; without it, this host alone
  --ca FILE                 the certificate that signs the directory's, if the system does not know it
  --plain                   go without TLS
  -f, --file FILE           what is written; without it, ${DEFAULT_FILE}
  --force                   in the place of a file that is there, which is kept as FILE.old

On a terminal it asks for what is not said here, and for the password.
`

/** undefined: asked for the usage. Throws InitUsageError. */
export function readInitArguments(words: readonly string[]): Wishes | undefined {
  const values = parse(words)
  if (values.help) return undefined
  const passwordFile = values['password-file']
  if (passwordFile !== undefined && values.bind === undefined)
    throw new InitUsageError('-y needs -D: the DN whose password it is')
  return {
    server: values.host === undefined ? undefined : serverOf(values.host),
    base: values.base,
    bind: values.bind,
    passwordFile: passwordFile === undefined ? undefined : resolve(passwordFile),
    domain: values.domain,
    allow: values.allow,
    ca: values.ca === undefined ? undefined : resolve(values.ca),
    plain: values.plain,
    file: resolve(values.file),
    force: values.force,
  }
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        host: { type: 'string', short: 'H' },
        base: { type: 'string', short: 'b' },
        bind: { type: 'string', short: 'D' },
        'password-file': { type: 'string', short: 'y' },
        domain: { type: 'string', short: 'd' },
        allow: { type: 'string', short: 'a', multiple: true },
        ca: { type: 'string' },
        plain: { type: 'boolean', default: false },
        file: { type: 'string', short: 'f', default: DEFAULT_FILE },
        force: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    if (error instanceof TypeError) throw new InitUsageError(error.message)
    throw error
  }
}

function serverOf(text: string): Named {
  try {
    return parseServer(text)
  } catch (error) {
    if (error instanceof ServerError) throw new InitUsageError(error.message)
    throw error
  }
}
