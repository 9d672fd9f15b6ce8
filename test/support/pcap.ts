/**
 * Reads captures of the loopback interface as tcpdump writes them (the classic format with microseconds, little
 * endian, Ethernet frames): UDP datagrams, and TCP streams put together from their segments.
 */

export interface Datagram {
  /** its place in the capture */
  readonly frame: number
  readonly source: Endpoint
  readonly target: Endpoint
  readonly bytes: Buffer
}

/** One direction of a TCP connection. */
export interface Stream {
  /** the place of its first segment in the capture */
  readonly frame: number
  readonly source: Endpoint
  readonly target: Endpoint
  readonly bytes: Buffer
}

/** `ADDRESS/PORT` */
export type Endpoint = string

export interface Capture {
  /** in the order of capture */
  readonly datagrams: readonly Datagram[]
  /** in the order in which the connections' directions began */
  readonly streams: readonly Stream[]
}

interface Packet {
  readonly protocol: number
  readonly source: string
  readonly target: string
  /** the transport's header and data */
  readonly rest: Buffer
}

const MAGIC = 0xa1b2c3d4
const ETHERNET = 1
const UDP = 17
const TCP = 6
const SYN = 2

/** The frames of a capture file; a last one that is not written yet to its end is left out. */
function* frames(file: Buffer): Generator<Buffer> {
  if (file.length < 24) return
  if (file.readUInt32LE(0) !== MAGIC || file.readUInt32LE(20) !== ETHERNET) {
    throw new Error('not a little-endian pcap file of Ethernet frames')
  }
  let at = 24
  while (at + 16 <= file.length) {
    const captured = file.readUInt32LE(at + 8)
    if (captured !== file.readUInt32LE(at + 12)) throw new Error('a frame was cut short: capture with -s 0')
    const end = at + 16 + captured
    if (end > file.length) return
    yield file.subarray(at + 16, end)
    at = end
  }
}

function packet(frame: Buffer): Packet | undefined {
  const type = frame.readUInt16BE(12)
  const ip = frame.subarray(14)
  if (type === 0x0800) {
    const fragment = ip.readUInt16BE(6) & 0x3fff
    if (fragment !== 0) throw new Error('an IP fragment: raise the MTU of the loopback interface')
    const header = (ip.readUInt8(0) & 15) * 4
    return {
      protocol: ip.readUInt8(9),
      source: ip.subarray(12, 16).join('.'),
      target: ip.subarray(16, 20).join('.'),
      rest: ip.subarray(header, ip.readUInt16BE(2)),
    }
  }
  if (type === 0x86dd) {
    return {
      protocol: ip.readUInt8(6),
      source: ip.toString('hex', 8, 24),
      target: ip.toString('hex', 24, 40),
      rest: ip.subarray(40, 40 + ip.readUInt16BE(4)),
    }
  }
  return undefined
}

/** Segments by their distance from the first byte of the stream; nothing is lost or reordered for long on loopback. */
class Assembly {
  readonly frame: number
  readonly source: Endpoint
  readonly target: Endpoint
  private readonly first: number
  private readonly segments = new Map<number, Buffer>()

  constructor(frame: number, source: Endpoint, target: Endpoint, initialSequence: number) {
    this.frame = frame
    this.source = source
    this.target = target
    this.first = initialSequence + 1
  }

  add(sequence: number, bytes: Buffer): void {
    const offset = (sequence - this.first) >>> 0
    const known = this.segments.get(offset)
    if (bytes.length > (known?.length ?? 0)) this.segments.set(offset, bytes)
  }

  stream(): Stream {
    let bytes = Buffer.alloc(0)
    for (const [offset, segment] of [...this.segments].sort(([a], [b]) => a - b)) {
      if (offset > bytes.length)
        throw new Error(`${this.source} to ${this.target}: ${offset} was not captured`)
      bytes = Buffer.concat([bytes.subarray(0, offset), segment])
    }
    return { frame: this.frame, source: this.source, target: this.target, bytes }
  }
}

export function readPcap(file: Buffer): Capture {
  const datagrams: Datagram[] = []
  const assemblies: Assembly[] = []
  const open = new Map<string, Assembly>()
  for (const [frame, bytes] of [...frames(file)].entries()) {
    const { protocol, source: from, target: to, rest } = packet(bytes) ?? {}
    if (rest === undefined || (protocol !== UDP && protocol !== TCP)) continue
    const source = `${from}/${rest.readUInt16BE(0)}`
    const target = `${to}/${rest.readUInt16BE(2)}`
    if (protocol === UDP) {
      datagrams.push({ frame, source, target, bytes: rest.subarray(8) })
      continue
    }
    const sequence = rest.readUInt32BE(4)
    const data = rest.subarray((rest.readUInt8(12) >> 4) * 4)
    const direction = `${source} ${target}`
    if ((rest.readUInt8(13) & SYN) !== 0) {
      const assembly = new Assembly(frame, source, target, sequence)
      open.set(direction, assembly)
      assemblies.push(assembly)
    } else if (data.length > 0) {
      open.get(direction)?.add(sequence, data)
    }
  }
  return { datagrams, streams: assemblies.map((assembly) => assembly.stream()) }
}
