/**
 * Images on disk. A file of that name is always a whole image, the old or the new one, whenever the machine
 * stops: written beside it, made safe, read back, and only then renamed over it. One process writes to a folder.
 */
import { randomBytes } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, open, readdir, rename, rm, utimes } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { checkImage, type Image } from './image.ts'
import { HEADER_BYTES } from './image-format.ts'
import { headLength, ImageError, type ImageHead, readHead } from './image-head.ts'

/** Read or compared at a time, for others to have their turn between. */
const SLICE_BYTES = 1 << 20

/** Images hold hashes: for the owner to write, for the group (the server's) to read, whatever the umask. */
const FILE_MODE = 0o640

/** Some 15 million users. Over this a file is no image of ours, and no memory is set aside for it. */
const MAX_IMAGE_BYTES = 8 * 2 ** 30

/** What can be told of the image in a file by its head. */
export interface ImageSummary
  extends Pick<ImageHead, 'domain' | 'generation' | 'created' | 'users' | 'groups'> {
  /** of the configuration it was built for, in hex */
  readonly fingerprint: string
  readonly maps: readonly { readonly name: string; readonly records: number; readonly secure: boolean }[]
  /** since when its contents are known to be true, in seconds since 1970: what `touchImage` has set */
  readonly fresh: number
}

/**
 * Makes `bytes` the content of the file at `path`, or throws and leaves the file as it was. Only the last step,
 * making the new name safe, can fail with the new image already in place.
 */
export async function commitImage(path: string, bytes: ArrayBuffer): Promise<void> {
  await removeLeftovers(path)
  const temporary = join(dirname(path), `${leftoverPrefix(path)}${randomBytes(8).toString('hex')}.tmp`)
  await naming(path, async () => {
    try {
      await write(temporary, Buffer.from(bytes))
      await rename(temporary, path)
    } catch (error) {
      // The reason is the first fault; what can't be removed now is a leftover of the next commit.
      await rm(temporary, { force: true }).catch(() => {})
      throw error
    }
    await syncFolder(dirname(path))
  })
}

/**
 * The image in a file, read and checked slice by slice so that its server goes on answering. Throws ImageError
 * when it is no image or damaged, and what the file system says when it can't be read.
 */
export async function loadImage(path: string): Promise<Image> {
  const bytes = await reading(path, async (file, { size }) => {
    if (size > MAX_IMAGE_BYTES) throw new ImageError(`${size} bytes: at most ${MAX_IMAGE_BYTES} are loaded`)
    const bytes = new ArrayBuffer(size)
    const got = await fill(file, Buffer.from(bytes))
    if (got < size) throw new ImageError(`the file became shorter while it was read: ${got} of ${size} bytes`)
    const after = await file.stat()
    if (after.size !== size) throw new ImageError(`the file changed from ${size} to ${after.size} bytes`)
    return bytes
  })
  const steps = checkImage(bytes)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    await setImmediate()
  }
}

/** The head of the image in a file, and its time; its records are not looked at. Throws as `loadImage` does. */
export async function readImageSummary(path: string): Promise<ImageSummary> {
  return reading(path, async (file, { size, mtimeMs }, length) => {
    const bytes = Buffer.alloc(length)
    const got = await fill(file, bytes)
    const { domain, generation, created, users, groups, ...head } = readHead(bytes.subarray(0, got), size)
    return {
      domain,
      generation,
      created,
      users,
      groups,
      fingerprint: head.fingerprint.toString('hex'),
      maps: head.maps.map(({ name, count, secure }) => ({ name, records: count, secure })),
      fresh: Math.max(0, Math.floor(mtimeMs / 1000)),
    }
  })
}

/** Notes since when the contents of the image at `path` are known to be true, in seconds since 1970. */
export async function touchImage(path: string, fresh: number): Promise<void> {
  await utimes(path, fresh, fresh)
}

/** A hidden name beside the image's, which no image has. */
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

async function write(path: string, image: Buffer): Promise<void> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, FILE_MODE)
  try {
    await file.chmod(FILE_MODE)
    await file.writeFile(image)
    await file.sync()
    await compare(file, image)
  } finally {
    await file.close()
  }
}

async function compare(file: FileHandle, image: Buffer): Promise<void> {
  const slice = Buffer.allocUnsafe(SLICE_BYTES)
  for (let at = 0; at < image.length; at += SLICE_BYTES) {
    const expected = image.subarray(at, at + SLICE_BYTES)
    const got = await fill(file, slice.subarray(0, expected.length), at)
    if (!slice.subarray(0, got).equals(expected)) {
      throw new ImageError(`what was written from byte ${at} on reads otherwise`)
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

/** Opens a file whose first bytes are those of an image of its size, and tells how long the image's head is. */
async function reading<T>(
  path: string,
  use: (file: FileHandle, stats: Stats, head: number) => Promise<T>,
): Promise<T> {
  return naming(path, async () => {
    const file = await openRegular(path)
    try {
      const stats = await file.stat()
      if (!stats.isFile()) throw new ImageError('not a regular file')
      const header = Buffer.alloc(HEADER_BYTES)
      const got = await fill(file, header)
      return await use(file, stats, headLength(header.subarray(0, got), stats.size))
    } finally {
      await file.close()
    }
  })
}

/** Follows no link, and waits for no writer of a pipe. */
async function openRegular(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if (codeOf(error) === 'ELOOP') throw new ImageError('not a regular file, but a symbolic link')
    throw error
  }
}

/** Reads from byte `start` on until `bytes` is full or the file ends; gives the number of bytes read. */
async function fill(file: FileHandle, bytes: Buffer, start = 0): Promise<number> {
  let at = 0
  while (at < bytes.length) {
    const { bytesRead } = await file.read(bytes, at, Math.min(SLICE_BYTES, bytes.length - at), start + at)
    if (bytesRead === 0) break
    at += bytesRead
  }
  return at
}

/** What the file system says of an open file names none. */
async function naming<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Error && 'syscall' in error && !('path' in error)) {
      Object.assign(error, { path, message: `${error.message} '${path}'` })
    }
    throw error
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
