/** What is told now and then of callers that met a limit of UDP. */
import type { Log } from '../log.ts'
import { rarely } from './rarely.ts'
import { networkOf } from './rates.ts'

/** An answer that no datagram has room for. */
export interface TooLarge {
  readonly domain: string
  /** '' is the list of maps */
  readonly map: string
  readonly bytes: number
  /** what a datagram may have */
  readonly limit: number
}

/** Calls of a network that come too fast. */
export interface TooMany {
  /** of the last of them, as Node writes it */
  readonly address: string
  readonly rate: number
  /** they are answered all the same */
  readonly dryRun: boolean
}

export interface Notices {
  readonly tooMany: (calls: TooMany) => void
  readonly tooLarge: (answer: TooLarge) => void
}

export function createNotices(log: Log): Notices {
  return {
    tooMany: rarely(({ address, rate, dryRun }: TooMany, count) => {
      const limit = `"limit udp rate ${dryRun ? 'dry run ' : ''}${rate}"`
      const then = dryRun ? 'they are answered all the same' : 'no answer to those over it'
      const all = `${count} such moments told so far`
      log(
        'warning',
        'udp-rate',
        `calls from ${networkOf(address)} come faster than ${limit}: ${then}; ${all}`,
      )
    }),
    tooLarge: rarely(({ domain, map, bytes, limit }: TooLarge, count) => {
      const what = map === '' ? `the list of maps of ${domain}` : `an answer from ${map} of ${domain}`
      const all = `${count} such answers told so far`
      log(
        'warning',
        'too-large',
        `${what} has ${bytes} bytes, over "limit udp reply ${limit}": YP_YPERR; ${all}`,
      )
    }),
  }
}
