/** What of a response tells how the operation went (RFC 4511 s.4.1.9). */
export interface Result {
  readonly status: number
  readonly errorMessage: string
}

export const SUCCESS = 0
export const SIZE_LIMIT_EXCEEDED = 4
export const REFERRAL = 10
export const NO_SUCH_OBJECT = 32

const LONGEST_DIAGNOSTIC = 300

/** RFC 4511 appendix A: those a bind, a search or STARTTLS may end in, with what helps. */
const CODES: ReadonlyMap<number, readonly [name: string, advice?: string]> = new Map([
  [1, ['operationsError', 'Active Directory says so when it wants a bind first']],
  [2, ['protocolError']],
  [3, ['timeLimitExceeded', "raise the server's time limit for this account"]],
  [4, ['sizeLimitExceeded', "raise the server's size limit for this account"]],
  [7, ['authMethodNotSupported', 'the server does not offer this way to bind']],
  [8, ['strongerAuthRequired', 'the server wants TLS or another way to bind']],
  [10, ['referral', 'name the server that holds the base']],
  [11, ['adminLimitExceeded', "raise the server's limits for this account, and let it page"]],
  [12, ['unavailableCriticalExtension']],
  [13, ['confidentialityRequired', 'use tls or ldaps']],
  [14, ['saslBindInProgress']],
  [18, ['inappropriateMatching', 'check the filter']],
  [32, ['noSuchObject', 'check the base, and that this account may see it']],
  [33, ['aliasProblem']],
  [34, ['invalidDNSyntax', 'check the base and the bind DN']],
  [48, ['inappropriateAuthentication', 'check the bind DN and the way to bind']],
  [49, ['invalidCredentials', 'check the bind DN and its password']],
  [50, ['insufficientAccessRights', 'let this account read the base']],
  [51, ['busy']],
  [52, ['unavailable', 'the server may not offer this, or not now']],
  [53, ['unwillingToPerform']],
  [54, ['loopDetect']],
  [80, ['other']],
])

/** `sizeLimitExceeded (4): the server's own words; what to do`. */
export function describeResult(result: Result): string {
  const [name, advice] = CODES.get(result.status) ?? ['an unknown result']
  const words = result.errorMessage.slice(0, LONGEST_DIAGNOSTIC).trim()
  return `${name} (${result.status})${words === '' ? '' : `: ${words}`}${advice === undefined ? '' : `; ${advice}`}`
}
