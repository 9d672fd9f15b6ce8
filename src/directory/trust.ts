import tls from 'node:tls'

import type { DirectoryConfig, Located } from '../config/config.ts'
import { readBoundedFile } from './bounded-file.ts'
import { DirectoryError } from './error.ts'
import { LIMITS } from './limits.ts'
import { checkKey, readCertificates } from './pem.ts'

/**
 * The certificates to trust and to show. The files are read for every refresh, so a renewed certificate needs no
 * restart.
 * @throws DirectoryError (tls-failed) that names the file
 */
export function loadTrust(config: DirectoryConfig): tls.SecureContext {
  const { ca, certificate, key } = config
  const trusted = load('CA', ca, (pem) => readCertificates(pem).map(String))
  const shown = load('certificate', certificate, (pem) => ({ pem, own: readCertificates(pem)[0] }))
  const secret = load('key', key, (pem) => {
    if (shown !== undefined) checkKey(pem, shown.own)
    return pem
  })
  return tls.createSecureContext({
    ca: trusted ?? tls.getCACertificates('system'),
    cert: shown?.pem,
    key: secret,
  })
}

function load<T>(what: string, file: Located<string> | undefined, read: (pem: string) => T): T | undefined {
  if (file === undefined) return undefined
  try {
    return read(readBoundedFile(file.value, LIMITS.pem).toString('latin1'))
  } catch (error) {
    const reason = (error as Error).message
    throw new DirectoryError('tls-failed', `the ${what} file ${file.value} can't be used: ${reason}`)
  }
}
