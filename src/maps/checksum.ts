/** What an image is held against. */
import { createHash, type Hash } from 'node:crypto'
import { CHECKSUM_BYTES, Header } from './image-format.ts'

/** Where the bytes begin that its checksum is of. */
export const CHECKED = Header.checksum + CHECKSUM_BYTES

/** Node refuses 2 GiB at a time. */
const MOST = 2 ** 30

/** The checksum that an image must have. */
export function checksumOf(bytes: Buffer): Buffer {
  return addTo(createHash('sha256'), bytes.subarray(CHECKED)).digest()
}

/** Bytes of any number. */
export function addTo(sum: Hash, bytes: Buffer): Hash {
  for (let at = 0; at < bytes.length; at += MOST) sum.update(bytes.subarray(at, at + MOST))
  return sum
}
