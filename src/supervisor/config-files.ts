import type { Config, DirectoryConfig } from '../config/config.ts'
import type { Log } from '../log.ts'
import type { Account } from './accounts.ts'
import { type Barrier, describeBarrier, READ, unreadableFor, WRITE } from './readable.ts'

interface Wanted {
  readonly what: string
  readonly path: string
  readonly access: number
}

/**
 * Says which files of the configuration the directory process will not be able to use. Root, who checked them,
 * can read all.
 */
export function warnOfUnreadable({ domains }: Config, account: Account, log: Log): void {
  const files = new Map(
    domains
      .flatMap(({ directories }) => directories)
      .flatMap(wantedBy)
      .map((wanted) => [wanted.path, wanted]),
  )
  for (const { what, path, access } of files.values()) {
    const barrier = unreadableFor(path, account, access)
    if (barrier === undefined) continue
    log(
      'warning',
      'file-unreadable',
      `${account.name}, who reads the directories, can't use the ${what} ${path}, because of ` +
        `${describeBarrier(barrier)}: ${remedy(barrier, account)}`,
    )
  }
}

function wantedBy({ ca, certificate, key, location }: DirectoryConfig): readonly Wanted[] {
  const wanted: Wanted[] = []
  if (ca !== undefined) wanted.push({ what: 'CA file', path: ca.value, access: READ })
  if (certificate !== undefined)
    wanted.push({ what: 'certificate file', path: certificate.value, access: READ })
  if (key !== undefined) wanted.push({ what: 'key file', path: key.value, access: READ })
  if (location.kind === 'file') wanted.push({ what: 'LDIF file', path: location.path, access: READ })
  if (location.kind === 'ldapi') wanted.push({ what: 'socket', path: location.path, access: WRITE })
  return wanted
}

/** A file is given to the account's group, so that a key stays hidden from all others. */
function remedy({ path, access }: Barrier, { gid }: Account): string {
  if (access === READ) return `run: chgrp ${gid} ${path} && chmod g+r ${path}`
  if (access === WRITE) return 'let that account write to the socket'
  return `put the file elsewhere, or run: chmod o+x ${path}`
}
