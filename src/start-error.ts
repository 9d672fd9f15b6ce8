/** Why ypldap can't start. The message says what the operator should do. */
export type StartErrorCode =
  | 'address-in-use'
  | 'address-not-bound'
  | 'rpcbind-there'
  | 'rpcbind-unreachable'
  | 'already-registered'
  | 'account-missing'
  | 'account-shared'
  | 'account-is-root'
  | 'group-missing'
  | 'program-unreadable'
  | 'state-directory-unusable'
  | 'config-too-large'
  | 'control-socket-unusable'
  | 'restart-needed'
  | 'passed-socket-unusable'
  | 'child-failed'

export class StartError extends Error {
  override readonly name = 'StartError'
  readonly code: StartErrorCode

  constructor(code: StartErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
