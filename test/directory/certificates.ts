import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The files of a certificate and its key, and their contents. */
export interface Certificate {
  readonly certificate: string
  readonly key: string
  readonly pem: { readonly cert: string; readonly key: string }
}

export interface Authority {
  readonly folder: string
  /** the file of the CA's certificate */
  readonly ca: string
  /** `names` in openssl's form: DNS:ldap.example.com, IP:127.0.0.1 */
  issue(name: string, names: string): Certificate
  remove(): void
}

/** A CA of one's own in a folder of its own, made with openssl. */
export function createAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'ypldap-certificates-'))
  // Keys are secret by their own mode; the rest is for the accounts of others, too.
  chmodSync(folder, 0o755)
  const openssl = (...words: readonly string[]) =>
    execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'] as const
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=Test CA',
    '-days',
    '2',
  )
  return {
    folder,
    ca: join(folder, 'ca.pem'),
    issue(name, names) {
      const [key, certificate] = [`${name}.key`, `${name}.pem`]
      openssl('req', ...newKey, '-keyout', key, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
      writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${names}\n`)
      const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'] as const
      const files = ['-in', `${name}.csr`, '-extfile', `${name}.ext`, '-out', certificate] as const
      openssl('x509', '-req', ...files, ...signed)
      const read = (file: string) => readFileSync(join(folder, file), 'latin1')
      return {
        certificate: join(folder, certificate),
        key: join(folder, key),
        pem: { cert: read(certificate), key: read(key) },
      }
    },
    remove() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
