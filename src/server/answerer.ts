/** What answers the calls of one program, whichever transport they came by. */
import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import type { Origin } from './access-list.ts'

/** What of the caller matters for an answer. */
export interface Caller extends Origin {
  /** the longest reply its transport carries, in bytes */
  readonly limit: number
  /** the address of ours that it called, where its transport knows */
  readonly here?: string
}

/** The same, used for one caller after the other. */
export type Asking = { -readonly [K in keyof Caller]: Caller[K] }

export interface Answerer {
  /**
   * Writes the head of the reply to the call in `bytes[start, end)` and sets the body. Returns false when no
   * reply is due. Throws DecodeError when the bytes are no call at all.
   */
  readonly respond: (
    bytes: Uint8Array,
    start: number,
    end: number,
    caller: Caller,
    head: XdrWriter,
  ) => boolean
  /** whose bytes from `bodyStart` to `bodyEnd` follow the head of the last reply */
  readonly body: Buffer | undefined
  readonly bodyStart: number
  readonly bodyEnd: number
  /** set when there was no reply because the caller may not ask for this domain */
  readonly refused: { readonly name: string } | undefined
  /** bytes of the reply that there would have been, had it not been longer than its transport carries; else 0 */
  readonly tooLong: number
  /** What the last call was about: one of the domains that are served, and its map, or '' for the list of them. */
  readonly subject: { readonly domain: string; readonly map: string }
}
