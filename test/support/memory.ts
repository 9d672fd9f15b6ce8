/** What lies in the memory of a process, for root to look through. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

const CHUNK = 4 * 1024 * 1024

/** Those of the texts, as bytes or as UTF-16, that are anywhere in its readable memory. */
export function foundInMemory(pid: number, texts: readonly string[]): readonly string[] {
  const needles = texts.flatMap((text) =>
    (['latin1', 'utf16le'] as const).map((encoding) => ({ text, bytes: Buffer.from(text, encoding) })),
  )
  const overlap = Math.max(...needles.map(({ bytes }) => bytes.length))
  const found = new Set<string>()
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  const buffer = Buffer.alloc(CHUNK + overlap)
  try {
    for (const [start, end] of readable(pid)) {
      for (let at = start; at < end; at += CHUNK) {
        const length = readAt(memory, buffer, Math.min(buffer.length, end - at), at)
        for (const { text, bytes } of needles) {
          if (buffer.subarray(0, length).includes(bytes)) found.add(text)
        }
      }
    }
  } finally {
    closeSync(memory)
  }
  return [...found]
}

function readable(pid: number): readonly (readonly [start: number, end: number])[] {
  return readFileSync(`/proc/${pid}/maps`, 'latin1')
    .split('\n')
    .flatMap((line) => {
      const [, start = '', end = ''] = /^([0-9a-f]+)-([0-9a-f]+) r/.exec(line) ?? []
      // The kernel's own pages at the end of the address space are none of the process's.
      return start === '' || line.includes('[v') ? [] : [[parseInt(start, 16), parseInt(end, 16)] as const]
    })
}

/** 0 where nothing can be read, as of a page that has gone since. */
function readAt(memory: number, buffer: Buffer, length: number, at: number): number {
  try {
    return readSync(memory, buffer, 0, length, at)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EIO') return 0
    throw error
  }
}
