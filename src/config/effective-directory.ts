/** A directory as a ypldap.conf says it. */
import type { Credentials, DirectoryConfig, Field, Source } from './config.ts'
import { usualTable } from './effective-maps.ts'
import { quoted } from './quoted.ts'
import { FIELDS } from './schemas.ts'

export function effectiveDirectory(config: DirectoryConfig): readonly string[] {
  const { location, schema, idmap, certificate, key, pageSize, userFilter, groupFilter, fields } = config
  const { userBase, groupBase } = config
  const lines = [
    `schema ${schema}`,
    `idmap ${idmap}`,
    `basedn ${quoted(baseOf(config))}`,
    ...(groupBase.value === userBase.value ? [] : [`groupdn ${quoted(groupBase.value)}`]),
    ...credentials(config.credentials),
    ...(certificate === undefined ? [] : [`certfile ${quoted(certificate.value)}`]),
    ...(key === undefined ? [] : [`keyfile ${quoted(key.value)}`]),
    ...(location.kind === 'file' ? [] : [`page size ${pageSize}`]),
    `passwd filter ${quoted(userFilter.value)}`,
    `group filter ${quoted(groupFilter.value)}`,
    ...FIELDS.map((field) => fieldLine(field, fields[field])),
    ...config.tables.flatMap((table) => usualTable(table, config)).map((line) => `# ${line}`),
  ]
  return [`${header(config)} {`, ...lines.map((line) => `\t${line}`), '}']
}

function header({ label, location, required }: DirectoryConfig): string {
  const last = required ? ' required' : ''
  if (location.kind === 'file') return `directory file ${quoted(location.path)}${last}`
  if (location.kind === 'ldapi') return `directory ${quoted(label)}${last}`
  const security = { none: '', starttls: ' tls', ldaps: ' ldaps' }[location.security]
  return `directory ${quoted(location.host)} port ${location.port}${security}${last}`
}

/** Before FreeIPA's users were sought in a part of it. */
function baseOf({ userBase, tables }: DirectoryConfig): string {
  const whole = tables
    .map(({ base }) => base)
    .find(({ at, value }) => at === userBase.at && value !== userBase.value)
  return (whole ?? userBase).value
}

/** Stands for any password. */
export const CONCEALED = '********'

function credentials(config: Credentials): readonly string[] {
  switch (config.kind) {
    case 'anonymous':
      return ['# binddn: none, it asks as nobody in particular']
    case 'simple':
      return [`binddn ${quoted(config.dn)}`, `bindcred ${quoted(CONCEALED)} # not shown`]
    case 'external':
      return [`bindext${config.authzid === '' ? '' : ` ${quoted(config.authzid)}`}`]
    default:
      return config satisfies never
  }
}

/** Of several attributes, as only a schema names them, no statement speaks. */
function fieldLine(field: Field, source: Source): string {
  switch (source.kind) {
    case 'fixed':
      return `fixed attribute ${field} ${quoted(source.value)}`
    case 'first': {
      const [first = '', ...others] = source.attributes
      if (others.length === 0) return `attribute ${field} maps to ${quoted(first)}`
      return `# ${field}: the first of ${source.attributes.join(', ')}`
    }
    case 'list':
      return `list ${field} maps to ${quoted(source.attribute)}`
    case 'members': {
      const [first = '', ...others] = source.dns
      if (source.names.length === 0 && others.length === 0) return `list ${field} maps to ${quoted(first)}`
      return `# ${field}: names in ${source.names.join(', ')}, and DNs in ${source.dns.join(', ')}`
    }
    case 'template':
      return `template ${field} ${quoted(source.text.value)}`
    default:
      return source satisfies never
  }
}
