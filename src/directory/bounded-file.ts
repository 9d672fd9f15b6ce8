import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'

/**
 * The bytes of a regular file of at most `largest` bytes. A FIFO or device, which may have no end, is refused.
 * @throws Error that says what is wrong
 */
export function readBoundedFile(path: string, largest: number): Buffer {
  return Buffer.concat(Array.from(readChunks(path, largest), (chunk) => Buffer.from(chunk)))
}

const CHUNK_BYTES = 1 << 20

/**
 * The same, in chunks that overwrite each other. As others may work between them, a file that is changed meanwhile is
 * refused: it would be half of one and half of the other.
 */
export function* readChunks(path: string, largest: number): Generator<Buffer> {
  // Without O_NONBLOCK, opening a FIFO waits for a writer.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) throw new Error('it is not a regular file')
    if (stats.size > largest) throw new Error(`it has ${stats.size} bytes; at most ${largest} are read`)
    const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, stats.size + 1))
    let total = 0
    for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) {
      total += read
      if (total > stats.size) throw new Error(CHANGED)
      yield chunk.subarray(0, read)
    }
    if (total < stats.size || !isSame(stats, fstatSync(file))) throw new Error(CHANGED)
  } finally {
    closeSync(file)
  }
}

const CHANGED = 'it was changed while it was read; write another one and rename it'

function isSame(before: Stats, after: Stats): boolean {
  return before.size === after.size && before.mtimeMs === after.mtimeMs
}
