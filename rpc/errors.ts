/** Why bytes were refused; stable, for tests and counters. */
export type DecodeErrorCode =
  /** a length or a field runs past the end of the bytes at hand */
  | 'truncated'
  /** a length is over the bound of its type (RFC 4506 `<n>`) */
  | 'too-long'
  /** more of something than there may be */
  | 'too-many'
  /** a value outside its enumeration */
  | 'bad-value'

/** The one error that leaves this folder's decoders, whatever the bytes. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
  readonly code: DecodeErrorCode

  constructor(code: DecodeErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

/** What is to be encoded does not fit the writer's buffer. */
export class EncodeError extends Error {
  override readonly name = 'EncodeError'
}
