/** RPC, YP and rpcbind messages as XDR schemas for an independent library, to hold our codecs against. */
import {
  case as arm,
  array,
  bool,
  enumType,
  field,
  lazy,
  void as nothing,
  option,
  struct,
  uint32,
  union,
  varOpaque,
  type XdrType,
} from '@stellar/js-xdr'

const string = (max: number) => varOpaque(max)

const opaqueAuth = struct('opaque_auth', { flavor: uint32(), body: varOpaque(400) })

export const authSys = struct('authsys_parms', {
  stamp: uint32(),
  machine: string(255),
  uid: uint32(),
  gid: uint32(),
  gids: array(uint32(), 16),
})

export const callHeader = struct('call', {
  xid: uint32(),
  type: uint32(),
  rpcvers: uint32(),
  prog: uint32(),
  vers: uint32(),
  proc: uint32(),
  cred: opaqueAuth,
  verf: opaqueAuth,
})

const mismatch = struct('mismatch_info', { low: uint32(), high: uint32() })

const acceptStat = enumType('accept_stat', {
  SUCCESS: 0,
  PROG_UNAVAIL: 1,
  PROG_MISMATCH: 2,
  PROC_UNAVAIL: 3,
  GARBAGE_ARGS: 4,
  SYSTEM_ERR: 5,
})

const acceptedReply = struct('accepted_reply', {
  verf: opaqueAuth,
  data: union('reply_data', {
    switchOn: acceptStat,
    cases: [
      arm('SUCCESS', 0, nothing()),
      arm('PROG_UNAVAIL', 1, nothing()),
      arm('PROG_MISMATCH', 2, field('range', mismatch)),
      arm('PROC_UNAVAIL', 3, nothing()),
      arm('GARBAGE_ARGS', 4, nothing()),
      arm('SYSTEM_ERR', 5, nothing()),
    ],
  }),
})

const rejectedReply = union('rejected_reply', {
  switchOn: enumType('reject_stat', { RPC_MISMATCH: 0, AUTH_ERROR: 1 }),
  cases: [arm('RPC_MISMATCH', 0, field('range', mismatch)), arm('AUTH_ERROR', 1, field('stat', uint32()))],
})

export const replyHeader = struct('reply', {
  xid: uint32(),
  type: uint32(),
  body: union('reply_body', {
    switchOn: enumType('reply_stat', { MSG_ACCEPTED: 0, MSG_DENIED: 1 }),
    cases: [
      arm('MSG_ACCEPTED', 0, field('accepted', acceptedReply)),
      arm('MSG_DENIED', 1, field('denied', rejectedReply)),
    ],
  }),
})

export const ypreqKey = struct('ypreq_key', { domain: string(256), map: string(64), key: varOpaque(1024) })
export const ypreqNokey = struct('ypreq_nokey', { domain: string(256), map: string(64) })
export const ypMapParms = struct('ypmap_parms', {
  domain: string(256),
  map: string(64),
  order: uint32(),
  peer: string(256),
})
export const ypreqXfr = struct('ypreq_xfr', {
  parms: ypMapParms,
  transid: uint32(),
  prog: uint32(),
  port: uint32(),
})
export const ypreqNewxfr = struct('ypreq_newxfr', {
  parms: ypMapParms,
  transid: uint32(),
  prog: uint32(),
  name: string(256),
})
/** As it is on the wire: the value first. */
export const yprespKeyVal = struct('ypresp_key_val', {
  stat: uint32(),
  val: varOpaque(65536),
  key: varOpaque(1024),
})

interface MapListNode {
  readonly map: Uint8Array
  readonly next: MapListNode | null
}
const ypmaplist: XdrType<MapListNode> = struct('ypmaplist', {
  map: string(64),
  next: option(lazy((): XdrType<MapListNode> => ypmaplist)),
}) as XdrType<MapListNode>
export const yprespMaplist = struct('ypresp_maplist', { stat: uint32(), maps: option(ypmaplist) })

export const mapping = struct('mapping', { prog: uint32(), vers: uint32(), prot: uint32(), port: uint32() })
export const rpcb = struct('rpcb', {
  prog: uint32(),
  vers: uint32(),
  netid: string(1024),
  addr: string(1024),
  owner: string(1024),
})

export const flag = bool()

export function octets(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'))
}
