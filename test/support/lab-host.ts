import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The NIS domain of the private host, as lab.sh sets it. */
export const LAB_DOMAIN = 'lab.example'

/** Daemons with well-known ports and files start on the private host only, never on the real one. */
export function requireLab(): void {
  if (process.env['YPLDAP_LAB'] !== '1') {
    throw new Error('this needs a private host: run it with scripts/e2e or test/support/lab.sh')
  }
}

/**
 * A new folder for one daemon's files, which the accounts of others can reach; on the private host it is gone with
 * the host.
 */
export function labFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`))
  chmodSync(folder, 0o755)
  return folder
}
