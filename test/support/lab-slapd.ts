import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { labFolder } from './lab-host.ts'
import { accepts, freePort } from './lab-port.ts'
import type { Exit, LabProcess } from './lab-process.ts'
import { startProcess } from './lab-process.ts'
import { runOrFail } from './lab-run.ts'

export interface SlapdOptions {
  /** of the one database; dc=lab,dc=example when absent */
  readonly suffix?: string
  /** the entries it starts with, the suffix's own among them */
  readonly ldif: string
  /** of users, groups and what else NIS knows: RFC 2307, which is nis.schema and the default, or its successor's draft */
  readonly schema?: 'rfc2307' | 'rfc2307bis'
  /** further lines of slapd.conf(5) before the database */
  readonly global?: readonly string[]
  /** further lines of slapd.conf(5) in the database */
  readonly database?: readonly string[]
  /** of 127.0.0.1; a free one when absent */
  readonly port?: number
  /** further URLs to listen on, `ldaps://…` or `ldapi://…` */
  readonly listen?: readonly string[]
}

export interface Slapd {
  readonly url: string
  readonly port: number
  readonly suffix: string
  readonly rootDn: string
  readonly rootPassword: string
  output(): string
  /** Applies LDIF change records (`changetype: add` and the like) as the root DN. */
  modify(ldif: string): Promise<void>
  stop(signal?: NodeJS.Signals): Promise<Exit>
  /** Keeps its connections and its port, and answers nothing any more; only SIGKILL ends it then. */
  pause(): void
  /** Starts it again after `stop`, on the same port with the same data. */
  start(): Promise<void>
}

const ROOT_PASSWORD = 'root-secret'

const SCHEMA = {
  rfc2307: '/etc/ldap/schema/nis.schema',
  // Debian has none.
  rfc2307bis: join(import.meta.dirname, 'schema/rfc2307bis.schema'),
} as const

function slapdConf(folder: string, suffix: string, options: SlapdOptions): string {
  const { schema = 'rfc2307', global = [], database = [] } = options
  return [
    ...['core', 'cosine', 'inetorgperson', 'misc'].map((name) => `include /etc/ldap/schema/${name}.schema`),
    `include ${SCHEMA[schema]}`,
    `pidfile ${folder}/pid`,
    `argsfile ${folder}/args`,
    'modulepath /usr/lib/ldap',
    'moduleload back_mdb',
    'sizelimit unlimited',
    ...global,
    'database mdb',
    `suffix ${suffix}`,
    `rootdn ${rootDnOf(suffix)}`,
    `rootpw ${ROOT_PASSWORD}`,
    `directory ${folder}/data`,
    // 1 GiB of address space; pages are taken as they are written.
    'maxsize 1073741824',
    'index objectClass eq',
    ...database,
    '',
  ].join('\n')
}

const rootDnOf = (suffix: string) => `cn=root,${suffix}`

/** OpenLDAP's slapd on a free port of 127.0.0.1, with the schemas core, cosine, inetorgperson, misc and nis or rfc2307bis. */
export async function startSlapd(options: SlapdOptions): Promise<Slapd> {
  const { suffix = 'dc=lab,dc=example' } = options
  const rootDn = rootDnOf(suffix)
  const folder = labFolder('slapd')
  const conf = join(folder, 'slapd.conf')
  mkdirSync(join(folder, 'data'))
  writeFileSync(conf, slapdConf(folder, suffix, options))
  await runOrFail('slapadd', ['-q', '-f', conf], { input: options.ldif })

  const port = options.port ?? (await freePort())
  const url = `ldap://127.0.0.1:${port}`
  const urls = [url, ...(options.listen ?? [])].join(' ')
  const launch = (): Promise<LabProcess> =>
    startProcess('slapd', ['-d', '0', '-f', conf, '-h', urls], { ready: () => accepts(port) })
  let slapd = await launch()

  return {
    url,
    port,
    suffix,
    rootDn,
    rootPassword: ROOT_PASSWORD,
    output: () => slapd.output(),
    stop: (signal) => slapd.stop(signal),
    async modify(ldif) {
      await runOrFail('ldapmodify', ['-x', '-H', url, '-D', rootDn, '-w', ROOT_PASSWORD], { input: ldif })
    },
    pause: () => process.kill(slapd.pid, 'SIGSTOP'),
    async start() {
      slapd = await launch()
    },
  }
}
