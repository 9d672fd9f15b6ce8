/** The status page says who asks for what, and quotes what the directories have: who may read it, and who answers. */
import { isLoopback, parseAddress } from '../address.ts'
import type { Config, MetricsConfig } from './config.ts'
import { DEFAULT_METRICS_USER } from './defaults.ts'
import type { Draft } from './draft.ts'
import type { Report } from './report.ts'

/** `accounts` are those of the others: who answers HTTP is nobody that another part of us runs as. */
export function completeMetrics(
  { metrics, metricsUser, user, directoryUser }: Draft,
  { server, directory }: Config['accounts'],
  report: Report,
): MetricsConfig {
  for (const { value, at } of metrics) {
    const bytes = parseAddress(value.address)
    if (bytes === undefined || isLoopback(bytes)) continue
    report.warning(
      at,
      'whoever reaches this address can read who uses NIS, expected loopback and a proxy that asks for a password, ' +
        'or an address in a network of administrators',
    )
  }
  const status = metricsUser?.value ?? DEFAULT_METRICS_USER
  const twin = [
    { account: server, word: 'user', said: user },
    { account: directory, word: 'directory user', said: directoryUser },
  ].find(({ account }) => account === status)
  // Two that were both refused are told already.
  const at = metricsUser?.at ?? twin?.said?.at
  if (twin !== undefined && at !== undefined && status !== '') {
    report.problem(
      at,
      `'${twin.word}' and 'metrics user' are one account, expected two: who took over the process that answers ` +
        'HTTP could else end the other',
    )
  }
  return { listen: metrics.map(({ value }) => value), user: status }
}
