import { DirectoryError } from './error.ts'

/**
 * Cuts a stream of bytes into LDAP messages and tells `onMessage` where each lies; a buffer for each would take as long
 * as to read it. A message's length is judged when its header is read, before its body is kept, and a message of many
 * chunks is joined once.
 * @throws DirectoryError (protocol, too-much) from `push`
 */
export interface Framing {
  push(chunk: Buffer): void
  /** bytes of a message that is not yet whole */
  readonly held: number
}

/** A tag and a length of one byte: no message is shorter. */
const SHORTEST = 2
const SEQUENCE = 0x30

export function createFraming(
  longest: number,
  onMessage: (bytes: Buffer, start: number, end: number) => void,
): Framing {
  let chunks: Buffer[] = []
  let held = 0
  /** bytes without which nothing more can be said */
  let wanted = SHORTEST

  return {
    get held() {
      return held
    },
    push(chunk) {
      chunks.push(chunk)
      held += chunk.length
      if (held < wanted) return
      const bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks, held)
      let at = 0
      wanted = neededLength(bytes, at, longest)
      while (bytes.length - at >= wanted) {
        const end = at + wanted
        onMessage(bytes, at, end)
        at = end
        wanted = neededLength(bytes, at, longest)
      }
      chunks = at < bytes.length ? [bytes.subarray(at)] : []
      held = bytes.length - at
    },
  }
}

/** The length of the message at `at`, or of as much of it as tells its length. */
function neededLength(bytes: Buffer, at: number, longest: number): number {
  const have = bytes.length - at
  if (have > 0 && bytes[at] !== SEQUENCE) {
    // Enough for HTTP and SSH, and too little for what it may repeat of a bind.
    const start = JSON.stringify(bytes.subarray(at, at + 4).toString('latin1'))
    throw new DirectoryError(
      'protocol',
      `the server does not speak LDAP (it sent ${start}); check host and port`,
    )
  }
  if (have < SHORTEST) return SHORTEST
  const first = bytes.readUInt8(at + 1)
  if (first < 0x80) return SHORTEST + first
  const size = first & 0x7f
  if (size === 0 || size > 4) {
    throw new DirectoryError('protocol', 'the server sent a message of a length LDAP does not allow')
  }
  if (have < SHORTEST + size) return SHORTEST + size
  const length = SHORTEST + size + bytes.readUIntBE(at + 2, size)
  if (length > longest) {
    throw new DirectoryError(
      'too-much',
      `the server sent a message of ${length} bytes; at most ${longest} are accepted (limit ldap message)`,
    )
  }
  return length
}
