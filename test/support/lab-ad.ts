import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { labFolder, requireLab } from './lab-host.ts'
import { accepts } from './lab-port.ts'
import type { Exit } from './lab-process.ts'
import { startProcess } from './lab-process.ts'
import { runOrFail } from './lab-run.ts'

/** Samba has no word for another. */
const PORT = 389
const REALM = 'CORP.EXAMPLE'
const NETBIOS_DOMAIN = 'CORP'
/** The interpreter that has Samba's modules; one found by PATH may be another. */
const PYTHON = '/usr/bin/python3'
const ADMINISTRATOR_PASSWORD = 'Admin-secret1'
/** Milliseconds: of the processor's time provisioning takes 3 s, and a thousand users 2 s. */
const PATIENCE_MS = 60_000

export const AD_SUFFIX = 'DC=corp,DC=example'
export const AD_SID = 'S-1-5-21-1111111111-2222222222-333333333'
/** What the domain gives to the first entry with a SID that is added to it; the next has one more. */
export const AD_FIRST_RID = 1102

export interface SambaAdOptions {
  /**
   * Entries beside those that every domain has, and `changetype: modify` records, in one transaction and in this order:
   * users and groups get AD_SID with AD_FIRST_RID and so on. Passwords are what `adPassword` makes.
   */
  readonly ldif: string
}

export interface SambaAd {
  readonly url: string
  readonly port: number
  readonly suffix: string
  readonly rootDn: string
  readonly rootPassword: string
  readonly output: () => string
  /** Applies LDIF change records as the administrator. */
  readonly modify: (ldif: string) => Promise<void>
  readonly stop: (signal?: NodeJS.Signals) => Promise<Exit>
}

/** The line of LDIF that gives a user this password (MS-ADTS 3.1.1.3.1.5: UTF-16, in quotes). */
export function adPassword(password: string): string {
  return `unicodePwd:: ${Buffer.from(`"${password}"`, 'utf16le').toString('base64')}`
}

// Only LDAP: no file service, no Kerberos, no DNS. What provisioning writes to sysvol needs access lists, which the
// folder's file system may not have.
function smbConf(folder: string): string {
  return [
    '[global]',
    `realm = ${REALM}`,
    `workgroup = ${NETBIOS_DOMAIN}`,
    'netbios name = DC',
    'server role = active directory domain controller',
    'server services = ldap',
    ...['private', 'state', 'lock', 'cache', 'pid'].map((name) => `${name} directory = ${folder}/${name}`),
    `binddns dir = ${folder}/dns`,
    `ncalrpc dir = ${folder}/ncalrpc`,
    'interfaces = lo',
    'bind interfaces only = yes',
    // Simple binds with a password in the clear, as on a line that is private.
    'ldap server require strong auth = no',
    // A key would have to be made first.
    'tls enabled = no',
    'vfs objects = dfs_samba4 acl_xattr xattr_tdb',
    `xattr_tdb:file = ${folder}/xattr.tdb`,
    'idmap_ldb:use rfc2307 = yes',
    '[sysvol]',
    `path = ${folder}/sysvol`,
    'read only = no',
    '[netlogon]',
    `path = ${folder}/sysvol/${REALM.toLowerCase()}/scripts`,
    'read only = no',
    '',
  ].join('\n')
}

/** Applies the LDIF on its standard input: not by LDAP, where a thousand entries take twice the time. */
const APPLY_LDIF = `
import sys
from ldb import CHANGETYPE_MODIFY
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
lp = LoadParm(filename_for_non_global_lp=sys.argv[1])
sam = SamDB(url=lp.private_path('sam.ldb'), session_info=system_session(), lp=lp)
sam.transaction_start()
for change, message in sam.parse_ldif(sys.stdin.read()):
    sam.modify(message) if change == CHANGETYPE_MODIFY else sam.add(message)
sam.transaction_commit()
`

async function provision(folder: string, ldif: string): Promise<string> {
  const conf = join(folder, 'smb.conf')
  for (const name of ['private', 'state', 'lock', 'cache', 'pid']) mkdirSync(join(folder, name))
  writeFileSync(conf, smbConf(folder))
  const words = [
    `--configfile=${conf}`,
    `--realm=${REALM}`,
    `--domain=${NETBIOS_DOMAIN}`,
    '--host-name=dc',
    '--host-ip=127.0.0.1',
    '--server-role=dc',
    '--dns-backend=NONE',
    `--domain-sid=${AD_SID}`,
    `--adminpass=${ADMINISTRATOR_PASSWORD}`,
    '--use-rfc2307',
  ]
  await runOrFail('samba-tool', ['domain', 'provision', ...words], { timeout: PATIENCE_MS })
  await runOrFail(PYTHON, ['-c', APPLY_LDIF, conf], { input: ldif, timeout: PATIENCE_MS })
  return conf
}

/** Samba as the one controller of an Active Directory domain, on 127.0.0.1 and port 389, which there is but once. */
export async function startSambaAd({ ldif }: SambaAdOptions): Promise<SambaAd> {
  requireLab()
  const conf = await provision(labFolder('samba'), ldif)
  const words = [
    '--foreground',
    '--no-process-group',
    '--debug-stdout',
    '--model=single',
    `--configfile=${conf}`,
  ]
  const samba = await startProcess('samba', words, { ready: () => accepts(PORT), timeout: PATIENCE_MS })
  const url = `ldap://127.0.0.1:${PORT}`
  const rootDn = `CN=Administrator,CN=Users,${AD_SUFFIX}`
  return {
    url,
    port: PORT,
    suffix: AD_SUFFIX,
    rootDn,
    rootPassword: ADMINISTRATOR_PASSWORD,
    output: () => samba.output(),
    stop: (signal) => samba.stop(signal),
    async modify(text) {
      await runOrFail('ldapmodify', ['-x', '-H', url, '-D', rootDn, '-w', ADMINISTRATOR_PASSWORD], {
        input: text,
      })
    },
  }
}
