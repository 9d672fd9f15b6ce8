import { isLoopback, parseAddress } from '../address.ts'
import { completeDomain } from './complete-domain.ts'
import type { Config } from './config.ts'
import {
  DEFAULT_DIRECTORY_MEMORY,
  DEFAULT_DIRECTORY_USER,
  DEFAULT_UDP_WORKERS,
  DEFAULT_USER,
} from './defaults.ts'
import { type Draft, isAbsent } from './draft.ts'
import type { Report } from './report.ts'

/** Fills in defaults, and reports what is missing or does not go together; the result counts only without problems. */
export function completeConfig(draft: Draft, file: string, report: Report): Config {
  const start = { file, line: 1, column: 1 }
  if (draft.domain === undefined && isAbsent(draft.damaged, 'domain')) {
    report.problem(start, 'no domain, expected a line such as: domain "example.com"')
  }
  refuseOutsideLoopback(draft, report)
  return {
    file,
    bind: draft.bind ?? 'portmap',
    listen: draft.listen,
    accounts: completeAccounts(draft, report),
    ...(draft.state !== undefined && { state: draft.state }),
    directoryMemory: draft.directoryMemory ?? DEFAULT_DIRECTORY_MEMORY,
    udpWorkers: draft.udpWorkers ?? DEFAULT_UDP_WORKERS,
    control: draft.control ?? {},
    domains: [completeDomain(draft.domain ?? '', draft, start, report)],
  }
}

function completeAccounts({ user, directoryUser }: Draft, report: Report): Config['accounts'] {
  const server = user?.value ?? DEFAULT_USER
  const directory = directoryUser?.value ?? DEFAULT_DIRECTORY_USER
  const at = directoryUser?.at ?? user?.at
  // Two that were both refused are told already.
  if (at !== undefined && server === directory && server !== '') {
    report.problem(
      at,
      "'user' and 'directory user' are one account, expected two: who took over the one process could else " +
        'read the passwords of the other',
    )
  }
  return { server, directory }
}

function refuseOutsideLoopback(draft: Draft, report: Report): void {
  if (draft.bind !== 'local') return
  for (const { at, address } of draft.listen) {
    const bytes = address === undefined ? undefined : parseAddress(address)
    if (address === undefined || (bytes !== undefined && isLoopback(bytes))) continue
    report.problem(at, "listen on more than loopback beside 'bind local', expected 127.0.0.1 or ::1")
  }
}
