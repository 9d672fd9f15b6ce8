import { readFileSync } from 'node:fs'

/** In small containers there is no /etc/services. */
const KNOWN: ReadonlyMap<string, number> = new Map([
  ['ldap', 389],
  ['ldaps', 636],
])

/** The TCP port of a service in text of the form of services(5). */
export function findService(services: string, name: string): number | undefined {
  for (const line of services.split('\n')) {
    const [official, port = '', ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/)
    if (official !== name && !aliases.includes(name)) continue
    const digits = /^([0-9]{1,5})\/tcp$/.exec(port)?.[1]
    if (digits !== undefined) return Number(digits)
  }
  return KNOWN.get(name)
}

/** The TCP port of a service by /etc/services. */
export function servicePort(name: string): number | undefined {
  return findService(readServices(), name)
}

function readServices(): string {
  try {
    return readFileSync('/etc/services', 'utf8')
  } catch {
    return ''
  }
}
