/**
 * A file replaced as a whole: written beside the old one, made safe, and only then renamed over it, so that under
 * its name there is always the old or the new one, whenever the machine stops. One process writes to a folder.
 */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Makes what `write` writes the content of the file at `path`, which then has `mode` whatever the umask; or throws
 * and leaves the file as it was. `write` must make safe what it wrote.
 */
export async function replaceFile(
  path: string,
  mode: number,
  write: (file: FileHandle) => Promise<void>,
): Promise<void> {
  await removeLeftovers(path)
  const temporary = join(dirname(path), `${leftoverPrefix(path)}${randomBytes(8).toString('hex')}.tmp`)
  await naming(path, async () => {
    try {
      const file = await open(temporary, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, mode)
      try {
        await file.chmod(mode)
        await write(file)
      } finally {
        await file.close()
      }
      await rename(temporary, path)
    } catch (error) {
      // The reason is the first fault; what can't be removed now is a leftover of the next time.
      await rm(temporary, { force: true }).catch(() => {})
      throw error
    }
    await syncFolder(dirname(path))
  })
}

/** What the file system says of an open file names none. */
export async function naming<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Error && 'syscall' in error && !('path' in error)) {
      Object.assign(error, { path, message: `${error.message} '${path}'` })
    }
    throw error
  }
}

/** A hidden name beside the file's, which no other file has. */
function leftoverPrefix(path: string): string {
  return `.${basename(path)}.`
}

/** What writers that were killed have left. */
async function removeLeftovers(path: string): Promise<void> {
  const folder = dirname(path)
  const prefix = leftoverPrefix(path)
  for (const name of await readdir(folder)) {
    if (name.startsWith(prefix) && /^[0-9a-f]{16}\.tmp$/.test(name.slice(prefix.length))) {
      await rm(join(folder, name), { force: true })
    }
  }
}

/** A rename is on disk when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
