import type { Config, DirectoryConfig, Located, Problem } from '../config/config.ts'
import { readBoundedFile } from './bounded-file.ts'
import { normalizeDn } from './dn.ts'
import { parseFilter } from './filter.ts'
import { parseLdif } from './ldif.ts'
import { LIMITS } from './limits.ts'
import { utf8Octets } from './octets.ts'
import { checkKey, readCertificates } from './pem.ts'

/**
 * What only those who know LDAP, certificates and LDIF can find wrong with a configuration, without asking any
 * server. Reads the files it names.
 */
export function checkDirectories(config: Config): Problem[] {
  return config.directories.flatMap(checkDirectory)
}

function checkDirectory(directory: DirectoryConfig): Problem[] {
  const problems: Problem[] = []
  const check = <T>(located: Located<string> | undefined, what: string, read: (text: string) => T) => {
    if (located === undefined) return undefined
    try {
      return read(located.value)
    } catch (error) {
      problems.push({ at: located.at, message: `${what}: ${(error as Error).message}` })
      return undefined
    }
  }
  const { ca, certificate, key, location } = directory
  check(directory.userFilter, 'the filter of users', parseFilter)
  check(directory.groupFilter, 'the filter of groups', parseFilter)
  check(directory.userBase, 'the base of users', checkBase)
  check(directory.groupBase, 'the base of groups', checkBase)
  check(ca, `the CA file ${ca?.value}`, (path) => readCertificates(readPem(path)))
  const [own] = check(certificate, `the certificate file ${certificate?.value}`, readCertificateFile) ?? []
  check(key, `the key file ${key?.value}`, (path) => {
    const pem = readPem(path)
    if (own !== undefined) checkKey(pem, own)
  })
  if (location.kind === 'file') {
    check({ value: location.path, at: directory.at }, `the LDIF file ${location.path}`, checkLdif)
  }
  return problems
}

function checkBase(base: string): void {
  normalizeDn(utf8Octets(base))
}

function readCertificateFile(path: string) {
  return readCertificates(readPem(path))
}

function readPem(path: string): string {
  return readBoundedFile(path, LIMITS.pem).toString('latin1')
}

function checkLdif(path: string): void {
  const entries = parseLdif(readBoundedFile(path, LIMITS.file))
  while (entries.next().done !== true);
}
