import { readChunks } from './bounded-file.ts'
import { DirectoryError } from './error.ts'
import { type LdifEntry, parseLdif } from './ldif.ts'
import type { Limits } from './limits.ts'

/**
 * The entries of an LDIF file.
 * @throws DirectoryError (file-failed) that names the file and, where it is its contents, the line
 */
export function* readEntries(path: string, limits: Limits): Generator<LdifEntry> {
  try {
    yield* parseLdif(readChunks(path, limits.file), limits.line, limits.values)
  } catch (error) {
    throw new DirectoryError('file-failed', `the file ${path} can't be used: ${(error as Error).message}`)
  }
}
