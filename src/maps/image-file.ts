/**
 * Images on disk. A file of that name is always a whole image, the old or the new one, whenever the machine
 * stops: written beside it, made safe, read back, and only then renamed over it.
 */
import { constants, type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { checkImage, type Image, ImageError } from './image.ts'

/** Read and written at a time: a slice of a few milliseconds between two answers. */
const SLICE_BYTES = 1 << 20

/** Images hold hashes: for the owner to write, for the group (the server's) to read. */
const FILE_MODE = 0o640

/** Over this a file is no image of ours, and no memory is set aside for it. */
const MAX_IMAGE_BYTES = 64 * 2 ** 30

/** Makes `bytes` the content of the file at `path`; throws what the file system says, and then changes nothing. */
export async function commitImage(path: string, bytes: SharedArrayBuffer): Promise<void> {
  const image = Buffer.from(bytes)
  const temporary = join(dirname(path), `.${process.pid}.tmp`)
  // What a killed process of the same number left there is nobody's any more.
  await rm(temporary, { force: true })
  try {
    const file = await open(temporary, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, FILE_MODE)
    try {
      for (let at = 0; at < image.length; at += SLICE_BYTES) {
        const slice = image.subarray(at, at + SLICE_BYTES)
        const { bytesWritten } = await file.write(slice, 0, slice.length, at)
        if (bytesWritten !== slice.length)
          throw new Error(`only ${bytesWritten} of ${slice.length} bytes written`)
      }
      await file.sync()
      await compare(file, image)
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  // The rename itself is on disk when its folder is.
  const folder = await open(dirname(path), constants.O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function compare(file: FileHandle, image: Buffer): Promise<void> {
  const back = Buffer.allocUnsafe(SLICE_BYTES)
  for (let at = 0; at < image.length; at += SLICE_BYTES) {
    const expected = image.subarray(at, at + SLICE_BYTES)
    const { bytesRead } = await file.read(back, 0, expected.length, at)
    if (!back.subarray(0, bytesRead).equals(expected))
      throw new Error(`what was written at byte ${at} reads otherwise`)
  }
}

/**
 * The image in a file, read and checked slice by slice so that its server goes on answering. Throws ImageError
 * when it is damaged, and what the file system says when it can't be read.
 */
export async function loadImage(path: string): Promise<Image> {
  const file = await open(path, constants.O_RDONLY)
  let bytes: SharedArrayBuffer
  try {
    const { size } = await file.stat()
    if (size > MAX_IMAGE_BYTES) throw new ImageError(`${size} bytes: more than any image has`)
    bytes = new SharedArrayBuffer(size)
    const whole = Buffer.from(bytes)
    for (let at = 0; at < size; at += SLICE_BYTES) {
      const length = Math.min(SLICE_BYTES, size - at)
      const { bytesRead } = await file.read(whole, at, length, at)
      if (bytesRead !== length) throw new ImageError('the file became shorter while it was read')
    }
  } finally {
    await file.close()
  }
  const steps = checkImage(bytes)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    await setImmediate()
  }
}
