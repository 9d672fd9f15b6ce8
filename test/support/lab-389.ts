/**
 * 389 Directory Server without a service manager: what dscreate(8) would write is made of the same template, as dscreate
 * wants to start the server by systemd.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { labFolder } from './lab-host.ts'
import { accepts, freePort } from './lab-port.ts'
import type { Exit, LabProcess, ProcessOptions } from './lab-process.ts'
import { startProcess } from './lab-process.ts'
import { runOrFail } from './lab-run.ts'

const PROGRAM = '/usr/sbin/ns-slapd'
const TEMPLATE = '/usr/share/dirsrv/data/template-dse.ldif'
const SYSTEM = '/etc/dirsrv'
/** The account that its package makes. */
const ACCOUNT = 'dirsrv'
const ROOT_DN = 'cn=Directory Manager'
const ROOT_PASSWORD = 'root-secret'

export interface InstanceOptions {
  /** of the one database */
  readonly suffix: string
  /** of LDAP */
  readonly port: number
  /** further entries of cn=config, as LDIF */
  readonly config?: string
  /** attributeTypes and objectClasses beside the server's own, as the LDIF of cn=schema */
  readonly schema?: string
  /** bytes */
  readonly entryCache?: number
}

/** A server that is configured and may be filled, but does not run. */
export interface Instance {
  /** Puts the entries of this LDIF file in place of what the database holds. */
  readonly load: (file: string, timeout: number) => Promise<void>
  readonly launch: (options: ProcessOptions) => Promise<LabProcess>
}

/** Writes all that a server needs to this folder. */
export function writeInstance(folder: string, options: InstanceOptions): Instance {
  const place = (name: string) => {
    mkdirSync(join(folder, name), { recursive: true })
    return join(folder, name)
  }
  // Where an import notes that it runs.
  place('db/userroot')
  const config = place('etc')
  cpSync(join(SYSTEM, 'schema'), join(config, 'schema'), { recursive: true })
  if (options.schema !== undefined) writeFileSync(join(config, 'schema/99user.ldif'), options.schema)
  for (const name of ['certmap.conf', 'slapd-collations.conf']) {
    cpSync(join(SYSTEM, 'config', name), join(config, name))
  }
  const values: Readonly<Record<string, string | number>> = {
    schema_dir: join(config, 'schema'),
    config_dir: config,
    cert_dir: config,
    lock_dir: place('lock'),
    tmp_dir: place('tmp'),
    ldif_dir: place('ldif'),
    bak_dir: place('bak'),
    run_dir: place('run'),
    inst_dir: place('instance'),
    log_dir: place('log'),
    db_dir: place('db'),
    db_home_dir: place('db'),
    db_lib: 'bdb',
    fqdn: 'localhost',
    ds_port: options.port,
    ds_user: ACCOUNT,
    ds_suffix: options.suffix,
    rootdn: ROOT_DN,
    ds_passwd: `{CLEAR}${ROOT_PASSWORD}`,
    ldapi: join(folder, 'ldapi'),
    ldapi_enabled: 'off',
    ldapi_autobind: 'off',
  }
  const template = readFileSync(TEMPLATE, 'utf8').replace(/^nsslapd-ldapimaproot\w+:.*\n/gm, '')
  const dse = [
    template.replace(/%(\w+)%/g, (_, name: string) => String(values[name])).trimEnd(),
    '\n\n',
    backend(join(folder, 'db/userroot'), options),
    options.config ?? '',
  ]
  writeFileSync(join(config, 'dse.ldif'), dse.join(''), { mode: 0o600 })
  const words = ['-D', config]
  return {
    async load(file, timeout) {
      await runOrFail('chown', ['-R', `${ACCOUNT}:`, folder])
      await runOrFail(PROGRAM, ['ldif2db', ...words, '-n', 'userroot', '-i', file], { timeout })
    },
    launch: (process) => startProcess(PROGRAM, [...words, '-i', join(folder, 'pid'), '-d', '0'], process),
  }
}

function backend(database: string, { suffix, entryCache }: InstanceOptions): string {
  return `dn: cn=userroot,cn=ldbm database,cn=plugins,cn=config
objectClass: extensibleObject
objectClass: nsBackendInstance
cn: userroot
nsslapd-suffix: ${suffix}
nsslapd-directory: ${database}
${entryCache === undefined ? '' : `nsslapd-cachememsize: ${entryCache}\n`}
dn: cn="${suffix}",cn=mapping tree,cn=config
objectClass: extensibleObject
objectClass: nsMappingTree
cn: "${suffix}"
nsslapd-state: backend
nsslapd-backend: userroot

`
}

export interface DirectoryServerOptions {
  readonly suffix: string
  /** the entries it starts with, the suffix's own among them */
  readonly ldif: string
  /** as in InstanceOptions */
  readonly schema?: string
}

export interface DirectoryServer {
  readonly url: string
  readonly port: number
  readonly suffix: string
  readonly rootDn: string
  readonly rootPassword: string
  readonly output: () => string
  /** Applies LDIF change records as the directory manager. */
  readonly modify: (ldif: string) => Promise<void>
  readonly stop: (signal?: NodeJS.Signals) => Promise<Exit>
}

/** 389 Directory Server on a free port of 127.0.0.1. */
export async function start389(options: DirectoryServerOptions): Promise<DirectoryServer> {
  const folder = labFolder('389-ds')
  const port = await freePort()
  const instance = writeInstance(folder, { ...options, port })
  const entries = join(folder, 'entries.ldif')
  writeFileSync(entries, options.ldif)
  await instance.load(entries, 60_000)
  const server = await instance.launch({ ready: () => accepts(port), timeout: 60_000 })
  const url = `ldap://127.0.0.1:${port}`
  return {
    url,
    port,
    suffix: options.suffix,
    rootDn: ROOT_DN,
    rootPassword: ROOT_PASSWORD,
    output: () => server.output(),
    stop: (signal) => server.stop(signal),
    async modify(ldif) {
      await runOrFail('ldapmodify', ['-x', '-H', url, '-D', ROOT_DN, '-w', ROOT_PASSWORD], { input: ldif })
    },
  }
}
