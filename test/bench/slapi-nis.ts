/**
 * slapi-nis, the NIS server within 389 Directory Server, without a service manager: what dscreate(8) would write is
 * made of the same template, as dscreate wants to start it by systemd.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { YpStat } from '../../rpc/yp.ts'
import { freePort, type LabProcess, labFolder, runOrFail, startProcess } from '../support/lab.ts'
import { openYpClient } from '../support/yp-client.ts'
import { domainOf, entry, ldifOf, nameOf, SUFFIX, treeLdif, uidOf } from './data.ts'
import { writeEntries } from './entries-file.ts'

const PROGRAM = '/usr/sbin/ns-slapd'
const DEFAULTS = '/usr/sbin/nisserver-plugin-defs'
const TEMPLATE = '/usr/share/dirsrv/data/template-dse.ldif'
const SYSTEM = '/etc/dirsrv'
/** The account that its package makes. */
const ACCOUNT = 'dirsrv'
/** Milliseconds: it reads all entries before it knows the maps, 100,000 in 30 s. */
const PATIENCE_MS = 180_000

/** Why it can't run here; undefined if it can. */
export function slapiNisMissing(): string | undefined {
  if (!existsSync(PROGRAM)) return 'the package 389-ds-base is not installed'
  if (!existsSync(DEFAULTS)) return 'the package slapi-nis is not installed'
  return undefined
}

/** With passwd.byname and passwd.byuid of so many users, when it answers for the last of them from both. */
export async function startSlapiNis(
  users: number,
): Promise<{ readonly process: LabProcess; readonly port: number }> {
  const folder = labFolder('slapi-nis')
  const port = await freePort()
  await writeInstance(folder, { users, port, ldapPort: await freePort() })
  const entries = join(folder, 'entries.ldif')
  writeEntries(entries, withTree(users))
  await runOrFail('chown', ['-R', `${ACCOUNT}:`, folder])
  const words = ['-D', join(folder, 'etc')]
  await runOrFail(PROGRAM, ['ldif2db', ...words, '-n', 'userroot', '-i', entries], { timeout: PATIENCE_MS })
  const started = await startProcess(PROGRAM, [...words, '-i', join(folder, 'pid'), '-d', '0'], {
    ready: () => knows(port, users),
    timeout: PATIENCE_MS,
  })
  return { process: started, port }
}

function* withTree(users: number): Generator<string> {
  yield treeLdif()
  yield* ldifOf(users)
}

async function knows(port: number, users: number): Promise<boolean> {
  const client = await openYpClient({ transport: 'udp', port, patience: 200 })
  try {
    for (const [map, key] of [
      ['passwd.byname', nameOf(users - 1)],
      ['passwd.byuid', uidOf(users - 1)],
    ] as const) {
      if ((await client.match(domainOf(users), map, key)).status !== YpStat.TRUE) return false
    }
    return true
  } finally {
    client.close()
  }
}

interface Instance {
  readonly users: number
  /** of YP */
  readonly port: number
  readonly ldapPort: number
}

async function writeInstance(folder: string, { users, port, ldapPort }: Instance): Promise<void> {
  const place = (name: string) => {
    mkdirSync(join(folder, name), { recursive: true })
    return join(folder, name)
  }
  // Where an import notes that it runs.
  place('db/userroot')
  const config = place('etc')
  cpSync(join(SYSTEM, 'schema'), join(config, 'schema'), { recursive: true })
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
    ds_port: ldapPort,
    ds_user: ACCOUNT,
    ds_suffix: SUFFIX,
    ldapi: join(folder, 'ldapi'),
    ldapi_enabled: 'off',
    ldapi_autobind: 'off',
  }
  // Nobody is its manager: a password would have to be hashed first.
  const template = readFileSync(TEMPLATE, 'utf8').replace(/^nsslapd-(root|ldapimaproot)(dn|pw):.*\n/gm, '')
  const maps = await Promise.all(
    ['passwd.byname', 'passwd.byuid'].map((map) =>
      runOrFail(DEFAULTS, ['-m', map, '-d', domainOf(users), '-s', SUFFIX]),
    ),
  )
  writeFileSync(
    join(config, 'dse.ldif'),
    [
      template.replace(/%(\w+)%/g, (_, name: string) => String(values[name])).trimEnd(),
      '\n\n',
      backend(join(folder, 'db/userroot')),
      plugin(port),
      // What it prints has no class.
      ...maps.map((map) => map.replace('\n', '\nobjectClass: extensibleObject\n')),
    ].join(''),
    { mode: 0o600 },
  )
}

function backend(database: string): string {
  return (
    entry(
      'cn=userroot,cn=ldbm database,cn=plugins,cn=config',
      'objectClass: extensibleObject',
      'objectClass: nsBackendInstance',
      'cn: userroot',
      `nsslapd-suffix: ${SUFFIX}`,
      `nsslapd-directory: ${database}`,
      // All entries: with the least it would read each from the file for each map.
      `nsslapd-cachememsize: ${1 << 30}`,
    ) +
    entry(
      `cn="${SUFFIX}",cn=mapping tree,cn=config`,
      'objectClass: extensibleObject',
      'objectClass: nsMappingTree',
      `cn: "${SUFFIX}"`,
      'nsslapd-state: backend',
      'nsslapd-backend: userroot',
    )
  )
}

function plugin(port: number): string {
  return entry(
    'cn=NIS Server,cn=plugins,cn=config',
    'objectClass: nsSlapdPlugin',
    'objectClass: extensibleObject',
    'cn: NIS Server',
    'nsslapd-pluginPath: nisserver-plugin',
    'nsslapd-pluginInitfunc: nis_plugin_init',
    'nsslapd-pluginType: object',
    'nsslapd-pluginbetxn: on',
    'nsslapd-pluginEnabled: on',
    'nsslapd-pluginDescription: NIS Server Plugin',
    'nsslapd-pluginVendor: redhat.com',
    'nsslapd-pluginVersion: 0.8',
    'nsslapd-pluginId: nis',
    `nsslapd-pluginarg0: ${port}`,
  )
}
