import type { Config, DirectoryConfig, DomainConfig } from '../../src/config/config.ts'
import { type CheckedConfig, parseConfig } from '../../src/config/parser.ts'
import { formatProblem } from '../../src/config/problem.ts'
import type { ReadFile } from '../../src/config/read.ts'

export interface CheckOptions {
  readonly files?: Readonly<Record<string, string>>
  readonly macros?: Readonly<Record<string, string>>
}

/** Checks text as the file `t`, with other files by path. */
export function check(text: string, { files = {}, macros = {} }: CheckOptions = {}): CheckedConfig {
  const texts = new Map([['t', text], ...Object.entries(files)])
  const read: ReadFile = (path) => {
    const found = texts.get(path)
    if (found === undefined) return { faults: [`cannot open ${path}`] }
    return { file: { text: found, identity: path }, faults: [] }
  }
  return parseConfig('t', new Map(Object.entries(macros)), {
    read,
    readNets: read,
    servicePort: (name) => (name === 'ldap-alt' ? 3890 : undefined),
  })
}

/** Its problems as the operator sees them. */
export function problemsOf(text: string, options?: CheckOptions): string[] {
  return check(text, options).problems.map(formatProblem)
}

export function warningsOf(text: string, options?: CheckOptions): string[] {
  return check(text, options).warnings.map(formatProblem)
}

/** The configuration of text that must be without a problem. */
export function configOf(text: string, options?: CheckOptions): Config {
  const { config, problems } = check(text, options)
  if (config === undefined) throw new Error(problems.map(formatProblem).join('\n'))
  return config
}

/** The one domain of text that must be without a problem. */
export function domainOf(text: string, options?: CheckOptions): DomainConfig {
  const { domains } = configOf(text, options)
  if (domains.length !== 1) throw new Error(`${domains.length} domains`)
  return domains[0]!
}

/** Lines around which anything else is in order. */
export const DOMAIN = 'domain "example.com"\n'
export const DIRECTORY = 'directory "h" { basedn "b" }\n'

/** The one directory of a file whose header and block are these. */
export function directoryOf(header: string, block = 'basedn "b"', options?: CheckOptions): DirectoryConfig {
  const [directory] = domainOf(`${DOMAIN}directory ${header} {\n${block}\n}\n`, options).directories
  if (directory === undefined) throw new Error('no directory')
  return directory
}
