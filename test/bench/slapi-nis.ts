/** slapi-nis, the NIS server within 389 Directory Server. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { YpStat } from '../../rpc/yp.ts'
import { freePort, type LabProcess, labFolder, runOrFail, writeInstance } from '../support/lab.ts'
import { openYpClient } from '../support/yp-client.ts'
import { domainOf, entry, ldifOf, nameOf, SUFFIX, treeLdif, uidOf } from './data.ts'
import { writeEntries } from './entries-file.ts'

const DEFAULTS = '/usr/sbin/nisserver-plugin-defs'
/** Milliseconds: it reads all entries before it knows the maps, 100,000 in 30 s. */
const PATIENCE_MS = 180_000

/** Why it can't run here; undefined if it can. */
export function slapiNisMissing(): string | undefined {
  return existsSync(DEFAULTS) ? undefined : 'the package slapi-nis is not installed'
}

/** With passwd.byname and passwd.byuid of so many users, when it answers for the last of them from both. */
export async function startSlapiNis(
  users: number,
): Promise<{ readonly process: LabProcess; readonly port: number }> {
  const folder = labFolder('slapi-nis')
  const port = await freePort()
  const maps = await Promise.all(
    ['passwd.byname', 'passwd.byuid'].map((map) =>
      runOrFail(DEFAULTS, ['-m', map, '-d', domainOf(users), '-s', SUFFIX]),
    ),
  )
  const instance = writeInstance(folder, {
    suffix: SUFFIX,
    port: await freePort(),
    // What it prints has no class.
    config: plugin(port) + maps.map((map) => map.replace('\n', '\nobjectClass: extensibleObject\n')).join(''),
    // All entries: with the least it would read each from the file for each map.
    entryCache: 1 << 30,
  })
  const entries = join(folder, 'entries.ldif')
  writeEntries(entries, withTree(users))
  await instance.load(entries, PATIENCE_MS)
  const started = await instance.launch({ ready: () => knows(port, users), timeout: PATIENCE_MS })
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
