/**
 * Known faults in what those who install the package get, as `npm audit` tells them. Exit status: 1 when there are any;
 * 77 when nobody answers the question, with the reason in one line.
 */
import { spawnSync } from 'node:child_process'

const FAILED = 1
const CANNOT = 77

interface Audit {
  readonly message?: string
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string; readonly range: string }>>
}

const { stdout, error } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
  encoding: 'utf8',
  timeout: 60_000,
})
const { message, vulnerabilities } = parsed(stdout)
if (error !== undefined || vulnerabilities === undefined) {
  const reason = error?.message ?? message ?? 'npm audit has no answer'
  console.log(`npm audit: left out, the registry does not tell: ${reason.split(' - ', 1)[0]}`)
  process.exitCode = CANNOT
} else {
  const found = Object.entries(vulnerabilities)
  for (const [name, { severity, range }] of found) console.error(`${name} ${range}: ${severity}`)
  console.log(`npm audit: ${found.length} packages with known faults`)
  if (found.length > 0) process.exitCode = FAILED
}

/** No object when npm said nothing, or something else. */
function parsed(text: string): Audit {
  try {
    return (JSON.parse(text) as Audit | null) ?? {}
  } catch {
    return {}
  }
}
