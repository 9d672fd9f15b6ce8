/** Entries, a part at a time, as a file that the accounts of others can read. */
import { closeSync, fchmodSync, openSync, writeSync } from 'node:fs'

/** One write for so many characters. */
const AT_ONCE = 1 << 20

export function writeEntries(file: string, entries: Iterable<string>): void {
  const fd = openSync(file, 'w')
  try {
    fchmodSync(fd, 0o644)
    let waiting = ''
    for (const part of entries) {
      waiting += part
      if (waiting.length < AT_ONCE) continue
      writeSync(fd, waiting)
      waiting = ''
    }
    writeSync(fd, waiting)
  } finally {
    closeSync(fd)
  }
}
