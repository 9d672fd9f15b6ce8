/** What went wrong, in words that stay the same from release to release. */
export type DirectoryErrorCode =
  /** the configuration can't be used: a filter, a certificate file */
  | 'configuration'
  | 'resolve-failed'
  | 'connect-failed'
  | 'tls-failed'
  | 'bind-failed'
  | 'search-failed'
  /** there is no such base, or not for us */
  | 'no-base'
  /** the server holds nothing of the base itself and points to others */
  | 'referral-only'
  /** the server said something that is not LDAP, or not an answer to the question */
  | 'protocol'
  /** the server closed the session before it had answered */
  | 'disconnected'
  /** more than our limits allow */
  | 'too-much'
  /** one step took too long */
  | 'timeout'
  /** the whole refresh took too long */
  | 'deadline'
  /** stopped from outside */
  | 'aborted'
  | 'file-failed'

/** Why a directory gave no rows. The text says where, what and what to do, and never holds a password. */
export class DirectoryError extends Error {
  readonly code: DirectoryErrorCode

  constructor(code: DirectoryErrorCode, text: string) {
    super(text)
    this.name = 'DirectoryError'
    this.code = code
  }
}
