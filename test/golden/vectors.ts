import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One RPC message as a real program sent it, and what it says. */
export interface Vector {
  /** the scenario, the exchange's number in it, and the direction: one name, one message */
  readonly name: string
  /** who sent it */
  readonly source: string
  readonly transport: 'udp' | 'tcp' | 'unix'
  readonly program: number
  readonly version: number
  readonly procedure: number
  readonly direction: 'call' | 'reply'
  /** the datagram; on a stream the record with its record marks */
  readonly hex: string
  /** what README.md says of the fields; strings hold one byte a character */
  readonly expect: Expectation
}

export type Expectation = Readonly<Record<string, unknown>>

/** The vectors of one file of this folder, named without `.json`. */
export function readVectors(name: string): readonly Vector[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, `${name}.json`), 'utf8')) as Vector[]
}
