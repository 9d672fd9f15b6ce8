import type { DirectoryConfig, DomainConfig, Located, Problem } from '../config/config.ts'
import { readBoundedFile, readChunks } from './bounded-file.ts'
import { compileTemplate } from './compile-template.ts'
import { normalizeDn } from './dn.ts'
import { parseFileFilter, parseFilter } from './filter.ts'
import { parseLdif } from './ldif.ts'
import { LIMITS } from './limits.ts'
import { utf8Octets } from './octets.ts'
import { checkKey, readCertificates } from './pem.ts'

/**
 * What only those who know LDAP and certificates can find wrong with the directories of a domain, without asking any server.
 * Reads the certificates and keys it names.
 */
export function checkDirectories({ directories }: DomainConfig): Problem[] {
  return directories.flatMap(checkDirectory)
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
  const { ca, certificate, key } = directory
  const parse = directory.location.kind === 'file' ? parseFileFilter : parseFilter
  check(directory.userFilter, 'the filter of users', parse)
  check(directory.groupFilter, 'the filter of groups', parse)
  for (const { of, base, filter, ...templates } of directory.tables) {
    const map = of.kind === 'named' ? `the map ${of.map}` : 'maps that are found'
    // That of users is told once, and not again for each map below it.
    if (base.at !== directory.userBase.at) check(base, `the base of ${map}`, checkBase)
    check(filter, `the filter of ${map}`, parse)
    for (const [name, text] of Object.entries(templates)) {
      check(text, `the ${name} of ${map}`, () => compileTemplate(text))
    }
  }
  for (const [field, source] of Object.entries(directory.fields)) {
    if (source.kind !== 'template') continue
    check(source.text, `the template of ${field}`, () => compileTemplate(source.text, 'own'))
  }
  check(directory.userBase, 'the base of users', checkBase)
  check(directory.groupBase, 'the base of groups', checkBase)
  check(ca, `the CA file ${ca?.value}`, (path) => readCertificates(readPem(path)))
  const [own] = check(certificate, `the certificate file ${certificate?.value}`, readCertificateFile) ?? []
  check(key, `the key file ${key?.value}`, (path) => {
    const pem = readPem(path)
    if (own !== undefined) checkKey(pem, own)
  })
  return problems
}

/** What is wrong with the LDIF files that a domain names. */
export function checkFiles({ directories }: DomainConfig): Problem[] {
  return directories.flatMap(({ location, at }) => {
    if (location.kind !== 'file') return []
    try {
      checkLdif(location.path)
      return []
    } catch (error) {
      return [{ at, message: `the LDIF file ${location.path}: ${(error as Error).message}` }]
    }
  })
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
  const entries = parseLdif(readChunks(path, LIMITS.file))
  while (entries.next().done !== true);
}
