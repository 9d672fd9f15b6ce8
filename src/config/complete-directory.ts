import { isThisHost } from '../address.ts'
import { HASH_MAPS } from './builtin-maps.ts'
import type { CompleteMaps } from './complete-maps.ts'
import type { Credentials, DirectoryConfig, IdMap, Located, Position, Schema, Source } from './config.ts'
import { DEFAULT_PAGE_SIZE } from './defaults.ts'
import { type DirectoryDraft, isAbsent } from './draft.ts'
import type { Report } from './report.ts'
import { schemaDefaults } from './schemas.ts'

/** With what it is to give for the maps of its domain. Undefined when the header was refused. */
export function completeDirectory(
  draft: DirectoryDraft,
  { maps, tablesOf }: CompleteMaps,
  report: Report,
): DirectoryConfig | undefined {
  const { at, label, location, required, damaged } = draft
  if (draft.basedn === undefined && isAbsent(damaged, 'basedn')) {
    report.problem(at, 'directory without basedn, expected the DN to search below')
  }
  const credentials = completeCredentials(draft, report)
  if (location === undefined) return undefined
  const secured = location.kind === 'ldap' && location.security !== 'none'
  checkCertificate(draft, secured, report)
  if (location.kind === 'ldap' && !secured && !isThisHost(location.host)) warnOfBarePassword(draft, report)
  if (location.kind === 'file') refuseServerStatements(draft, report)
  const { schema = 'rfc2307' } = draft
  const idmap = completeIdMap(draft, schema, report)
  const { userFilter, groupFilter, fields } = schemaDefaults(schema, idmap)
  const isMade = (name: string) => maps.some((map) => map.name === name && map.made === 'rows')
  const usual = HASH_MAPS.some(isMade) ? { ...fields, passwd: HASH } : fields
  const base = draft.basedn ?? { value: '', at }
  const userBase = accountsBase(base, schema)
  const directory = {
    at,
    label,
    required,
    location,
    credentials,
    ...(secured && draft.ca !== undefined && { ca: draft.ca }),
    ...(draft.certfile !== undefined && { certificate: draft.certfile }),
    ...(draft.keyfile !== undefined && { key: draft.keyfile }),
    pageSize: draft.pageSize?.value ?? DEFAULT_PAGE_SIZE,
    userBase,
    groupBase: draft.groupdn === undefined || draft.groupdn.value === '' ? userBase : draft.groupdn,
    userFilter: draft.userFilter ?? { value: userFilter, at },
    groupFilter: draft.groupFilter ?? { value: groupFilter, at },
    schema,
    idmap,
    shadow: isMade('shadow.byname'),
    fields: completeFields(usual, draft),
  }
  return { ...directory, tables: tablesOf(directory, base) }
}

/** FreeIPA keeps users that were deleted, and those that are yet to come, elsewhere below its suffix. */
function accountsBase(base: Located<string>, schema: Schema): Located<string> {
  const isWhole =
    schema === 'ipa' && base.value !== '' && !/(?:^|,)\s*cn\s*=\s*accounts\s*(?:,|$)/i.test(base.value)
  return isWhole ? { ...base, value: `cn=accounts,${base.value}` } : base
}

/**
 * RFC 4513 s.5.1.2: a server takes a name without a password for an anonymous bind that succeeds, so either
 * without the other is refused.
 */
function completeCredentials(draft: DirectoryDraft, report: Report): Credentials {
  const { binddn, bindcred, bindext, damaged } = draft
  if (bindext !== undefined) {
    if (binddn !== undefined || bindcred !== undefined) {
      report.problem(bindext.at, "can't specify multiple bind types, expected bindext or binddn and bindcred")
    }
    return { kind: 'external', authzid: bindext.value }
  }
  if (binddn !== undefined && bindcred === undefined && isAbsent(damaged, 'bindcred')) {
    report.problem(binddn.at, 'binddn without bindcred, expected a password as well')
  }
  if (bindcred !== undefined && binddn === undefined && isAbsent(damaged, 'binddn')) {
    report.problem(bindcred.at, 'bindcred without binddn, expected a DN as well')
  }
  const anonymous = 'expected text (leave out both binddn and bindcred to bind anonymously)'
  if (binddn?.value === '') report.problem(binddn.at, `empty binddn, ${anonymous}`)
  if (bindcred?.value === '') report.problem(bindcred.at, `empty bindcred, ${anonymous}`)
  if (binddn === undefined || bindcred === undefined) return { kind: 'anonymous' }
  return { kind: 'simple', dn: binddn.value, password: bindcred.value }
}

/** RFC 4513 s.6.3.1: a simple bind shows its password to all who see the connection. */
function warnOfBarePassword({ bindcred }: DirectoryDraft, report: Report): void {
  if (bindcred === undefined) return
  report.warning(
    bindcred.at,
    'this password crosses the network bare, expected ldaps or tls after the host of the directory',
  )
}

function checkCertificate(draft: DirectoryDraft, secured: boolean, report: Report): void {
  const { certfile, keyfile, damaged } = draft
  const first = certfile ?? keyfile
  if (first === undefined) return
  if (!secured) {
    report.problem(
      first.at,
      'certificate or key without TLS, expected ldaps or tls after the host of the directory',
    )
  } else if (keyfile === undefined && isAbsent(damaged, 'keyfile')) {
    report.problem(first.at, 'certfile without keyfile, expected both')
  } else if (certfile === undefined && isAbsent(damaged, 'certfile')) {
    report.problem(first.at, 'keyfile without certfile, expected both')
  }
}

/** What only a server understands. */
function refuseServerStatements(draft: DirectoryDraft, report: Report): void {
  const { binddn, bindcred, bindext, pageSize } = draft
  const said: readonly (Located<unknown> | undefined)[] = [binddn, bindcred, bindext, pageSize]
  const first: Position | undefined = said.find((value) => value !== undefined)?.at
  if (first === undefined) return
  report.problem(first, 'bind or page size for an LDIF file, expected neither (there is no server to ask)')
}

function completeIdMap({ idmap, damaged }: DirectoryDraft, schema: Schema, report: Report): IdMap {
  if (idmap?.value === 'sid' && schema !== 'ad' && isAbsent(damaged, 'schema')) {
    report.problem(idmap.at, "'idmap sid' without Active Directory, expected 'schema ad' as well")
  }
  return idmap?.value ?? 'none'
}

/** RFC 2307 s.5.3 */
const HASH: Source = { kind: 'first', attributes: ['userPassword'] }

/** Where members are DNs, a list that is said to give them has DNs, too, unless it is RFC 2307's own. */
function completeFields(
  usual: DirectoryConfig['fields'],
  { fields }: DirectoryDraft,
): DirectoryConfig['fields'] {
  const said = fields.groupmembers
  const { kind } = usual.groupmembers
  const isByDn = kind === 'members' && said?.kind === 'list' && said.attribute.toLowerCase() !== 'memberuid'
  if (!isByDn) return { ...usual, ...fields }
  return { ...usual, ...fields, groupmembers: { kind, names: [], dns: [said.attribute] } }
}
