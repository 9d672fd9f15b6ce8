import type { Octets } from '../maps/rows.ts'

/** Names that are remembered; a directory that has more is only slower. */
const MAX_NAMES = 64

/** A longer name is not remembered: a server may send one of any length. */
const MAX_LENGTH = 256

/** Gives a function that reads the name of an attribute, in lower case. Each is made once: all entries have the same. */
export function createAttributeNames(): (bytes: Buffer, start: number, end: number) => string {
  const known: { readonly sent: Octets; readonly name: string }[] = []
  return (bytes, start, end) => {
    for (const { sent, name } of known) if (isAt(bytes, start, end, sent)) return name
    const sent = bytes.toString('latin1', start, end)
    const name = sent.toLowerCase()
    if (known.length < MAX_NAMES && sent.length <= MAX_LENGTH) known.push({ sent, name })
    return name
  }
}

function isAt(bytes: Buffer, start: number, end: number, octets: Octets): boolean {
  if (end - start !== octets.length) return false
  for (let i = 0; i < octets.length; i++) if (bytes[start + i] !== octets.charCodeAt(i)) return false
  return true
}
