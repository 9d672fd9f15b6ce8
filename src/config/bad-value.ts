/** A value that is no address, host, path … ; the message says what was expected instead. */
export class BadValue extends Error {
  readonly code = 'BAD_VALUE'
  override readonly name = 'BadValue'
}
