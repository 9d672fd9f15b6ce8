import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/**
 * The bytes of a regular file of at most `largest` bytes. A FIFO or device, which may have no end, is refused.
 * @throws Error that says what is wrong
 */
export function readBoundedFile(path: string, largest: number): Buffer {
  // Without O_NONBLOCK, opening a FIFO waits for a writer.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) throw new Error('it is not a regular file')
    if (stats.size > largest) throw new Error(`it has ${stats.size} bytes; at most ${largest} are read`)
    const bytes = Buffer.alloc(stats.size)
    let length = 0
    let read: number
    do {
      read = readSync(file, bytes, length, bytes.length - length, null)
      length += read
    } while (read > 0)
    return bytes.subarray(0, length)
  } finally {
    closeSync(file)
  }
}
