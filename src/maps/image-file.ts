/** Images on disk. A file of that name is always a whole image, the old or the new one. */
import { createHash } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, open, utimes } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { CHECKED } from './checksum.ts'
import { checkChecksum, checkMaps, type Image, viewImage } from './image.ts'
import { HEADER_BYTES, MAX_IMAGE_BYTES } from './image-format.ts'
import { headLength, ImageError, type ImageHead, readHead } from './image-head.ts'
import { naming, replaceFile } from './replace-file.ts'

/** Read or compared at a time, for others to have their turn between. */
const SLICE_BYTES = 1 << 20

/** Images hold hashes: for the owner to write, for the group (the server's) to read, whatever the umask. */
const FILE_MODE = 0o640

/** What can be told of the image in a file by its head. */
export interface ImageSummary
  extends Pick<ImageHead, 'domain' | 'generation' | 'created' | 'users' | 'groups'> {
  /** of the configuration it was built for, in hex */
  readonly fingerprint: string
  /** in hex; equal for two images that say the same */
  readonly contents: string
  readonly maps: readonly {
    readonly name: string
    readonly records: number
    readonly secure: boolean
    readonly found: boolean
  }[]
  /** since when its contents are known to be true, in seconds since 1970: what `touchImage` has set */
  readonly fresh: number
}

/**
 * Makes `bytes` the content of the file at `path`, or throws and leaves the file as it was. Only the last step,
 * making the new name safe, can fail with the new image already in place. `fresh` as in ImageSummary.
 */
export async function commitImage(path: string, bytes: ArrayBuffer, fresh = nowInSeconds()): Promise<void> {
  const image = Buffer.from(bytes)
  await replaceFile(path, FILE_MODE, async (file) => {
    await file.writeFile(image)
    await file.utimes(fresh, fresh)
    await file.sync()
    await compare(file, image)
  })
}

/** Reads the image in a file as it lies there and holds it against its checksum. Throws as `loadImage` does. */
export async function verifyImage(path: string): Promise<void> {
  await reading(path, async (file, { size }) => {
    const head = Buffer.alloc(CHECKED)
    await fill(file, head)
    const { sum, end } = await readChecked(file, twoInTurn())
    if (end !== size) throw new ImageError(`the file changed from ${size} to ${end} bytes`)
    checkChecksum(head, sum)
  })
}

/**
 * The image in a file, read and checked slice by slice so that its server goes on answering. Throws ImageError
 * when it is no image or damaged, and what the file system says when it can't be read. `allocate` gives the memory.
 */
export async function loadImage(
  path: string,
  allocate: (size: number) => ArrayBufferLike = (size) => new ArrayBuffer(size),
): Promise<Image> {
  const bytes = await reading(path, async (file, { size }) => {
    if (size > MAX_IMAGE_BYTES) throw new ImageError(`${size} bytes: at most ${MAX_IMAGE_BYTES} are loaded`)
    const buffer = allocate(size)
    const bytes = Buffer.from(buffer)
    await fill(file, bytes.subarray(0, CHECKED))
    const { sum, end } = await readChecked(file, slicesOf(bytes, CHECKED))
    if (end < size) throw new ImageError(`the file became shorter while it was read: ${end} of ${size} bytes`)
    const after = await file.stat()
    if (after.size !== size) throw new ImageError(`the file changed from ${size} to ${after.size} bytes`)
    checkChecksum(bytes, sum)
    return buffer
  })
  const image = viewImage(bytes)
  for (const _ of checkMaps(image)) await setImmediate()
  return image
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
      contents: head.contents.toString('hex'),
      maps: head.maps.map(({ name, count, secure, found }) => ({ name, records: count, secure, found })),
      fresh: Math.max(0, Math.floor(mtimeMs / 1000)),
    }
  })
}

/** Notes since when the contents of the image at `path` are known to be true, in seconds since 1970. */
export async function touchImage(path: string, fresh: number): Promise<void> {
  await utimes(path, fresh, fresh)
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

/** Fills slices with what is checked until the file or they end; each is hashed while the next one is read. */
async function readChecked(
  file: FileHandle,
  slices: Iterable<Buffer>,
): Promise<{ readonly sum: Buffer; readonly end: number }> {
  const sum = createHash('sha256')
  let end = CHECKED
  let read: Buffer | undefined
  for (const slice of slices) {
    const reading = fill(file, slice, end)
    if (read !== undefined) sum.update(read)
    read = slice.subarray(0, await reading)
    end += read.length
    if (read.length < slice.length) break
  }
  if (read !== undefined) sum.update(read)
  return { sum: sum.digest(), end }
}

function* slicesOf(bytes: Buffer, start: number): Generator<Buffer> {
  for (let at = start; at < bytes.length; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES)
}

function* twoInTurn(): Generator<Buffer> {
  const slices = [Buffer.allocUnsafe(SLICE_BYTES), Buffer.allocUnsafe(SLICE_BYTES)]
  for (;;) yield* slices
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

function nowInSeconds(): number {
  return Math.floor(Date.now() / 1000)
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
