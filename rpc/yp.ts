/** The YP protocol, program 100004 version 2: numbers and limits (rpcsvc/yp.x, yp_prot.h). */

export const YP_PROGRAM = 100004
export const YP_VERSION = 2

/** yp.x YPMAXDOMAIN: 64 with Sun and BSD, 256 with Linux. The wider is accepted; a name over 64 is never served. */
export const YPMAXDOMAIN = 256
export const YPMAXMAP = 64
/** yp_prot.h YPMAXPEER; 64 in yp.x */
export const YPMAXPEER = 256
/** the longest key, and the longest value that Sun, BSD and HP-UX clients can take */
export const YPMAXRECORD = 1024

export const YpProcedure = {
  NULL: 0,
  DOMAIN: 1,
  DOMAIN_NONACK: 2,
  MATCH: 3,
  FIRST: 4,
  NEXT: 5,
  XFR: 6,
  CLEAR: 7,
  ALL: 8,
  MASTER: 9,
  ORDER: 10,
  MAPLIST: 11,
  NEWXFR: 12,
} as const
export type YpProcedure = (typeof YpProcedure)[keyof typeof YpProcedure]

/** yp_prot.h, enum ypstat */
export const YpStat = {
  TRUE: 1,
  NOMORE: 2,
  FALSE: 0,
  NOMAP: -1,
  NODOM: -2,
  NOKEY: -3,
  BADOP: -4,
  BADDB: -5,
  YPERR: -6,
  BADARGS: -7,
  VERS: -8,
} as const
export type YpStat = (typeof YpStat)[keyof typeof YpStat]

/** yp_prot.h, enum ypxfrstat, as far as it is used here */
export const YPXFR_REFUSED = -14
