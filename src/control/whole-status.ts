import type { Answer, DaemonStatus, DomainStatus, Status } from '../messages/control.ts'

/** The status out of the parts of its answer; undefined when they are none. */
export async function wholeStatus(parts: AsyncIterable<Answer>): Promise<Status | undefined> {
  let daemon: DaemonStatus | undefined
  const domains: DomainStatus[] = []
  for await (const part of parts) {
    if (part.kind === 'status') daemon = part.status
    else if (part.kind === 'domain') domains.push(part.domain)
  }
  return daemon && { ...daemon, domains }
}
