/** The procedures' names by program and version, each at the place of its number. */

export const YP = 100004
export const RPCBIND = 100000

const YP_2 = [
  'NULL',
  'DOMAIN',
  'DOMAIN_NONACK',
  'MATCH',
  'FIRST',
  'NEXT',
  'XFR',
  'CLEAR',
  'ALL',
  'MASTER',
  'ORDER',
  'MAPLIST',
  'NEWXFR',
]

/** Version 2 of program 100000, the portmapper (RFC 1833 s.3). */
const PORTMAP = ['NULL', 'SET', 'UNSET', 'GETPORT', 'DUMP', 'CALLIT']

/** Versions 3 and 4 (RFC 1833 s.2). */
const RPCB = [
  'NULL',
  'SET',
  'UNSET',
  'GETADDR',
  'DUMP',
  'BCAST',
  'GETTIME',
  'UADDR2TADDR',
  'TADDR2UADDR',
  'GETVERSADDR',
  'INDIRECT',
  'GETADDRLIST',
  'GETSTAT',
]

/** The procedure's name, or its number for one that the program has not. */
export function procedureName(program: number, version: number, procedure: number): string {
  const names = program === RPCBIND ? (version === 2 ? PORTMAP : RPCB) : YP_2
  return names[procedure] ?? String(procedure)
}
