import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ImageError } from '../../src/maps/image.ts'
import { commitImage, loadImage, readImageSummary, touchImage } from '../../src/maps/image-file.ts'
import { HEADER_BYTES, Header } from '../../src/maps/image-format.ts'
import { writeImage } from '../../src/maps/image-writer.ts'
import { contents } from '../support/map-contents.ts'
import { mapRecords } from '../support/map-records.ts'
import { ALL_MAPS, build, group, rows, user } from '../support/rows.ts'

const MIB = 2 ** 20

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ypldap-image-'))
  path = join(folder, 'example.com.image')
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

function small(generation = 1): ArrayBuffer {
  const users = [user(), user({ name: 'bob', uid: '2' })]
  return build([rows(users, [group()])], { generation, fingerprint: new Uint8Array(32).fill(0xab) }).bytes
}

/** Of at least so many bytes. */
function large(length: number): ArrayBuffer {
  const keys = Array.from({ length: Math.ceil(length / 2 ** 18) }, (_, i) => `key${i}`)
  const values = keys.map(() => 'x'.repeat(2 ** 18))
  const options = { domain: 'd', master: 'm', created: 1, generation: 9, users: 1, groups: 1 }
  return writeImage([mapRecords('map', keys, values)], {
    ...options,
    fingerprint: new Uint8Array(32),
  })
}

/** By this process so far, from files and sockets alike. */
function bytesRead(): number {
  return Number(/^rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'latin1'))![1])
}

/** Whether this process has the file at `path` open. */
function isOpen(): boolean {
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path
    } catch {
      // The descriptor that listed the folder is gone.
      return false
    }
  })
}

/** Lets everything go on until `condition` holds. */
async function turnsUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await setImmediate()
}

describe('a committed image', () => {
  test('is loaded as it was built', async () => {
    const bytes = small()
    await commitImage(path, bytes)
    const image = await loadImage(path)
    expect(image.bytes.equals(Buffer.from(bytes))).toBe(true)
    expect(image).toMatchObject({ domain: 'example.com', generation: 1, users: 2, groups: 1 })
    expect(contents(image, 'passwd.byname').map(([key]) => key)).toEqual(['alice', 'bob'])
  })

  test('takes the place of the one before, and leaves nothing else in the folder', async () => {
    await commitImage(path, large(3 * MIB))
    await commitImage(path, small(2))
    expect((await loadImage(path)).generation).toBe(2)
    expect(readdirSync(folder)).toEqual(['example.com.image'])
  })

  test('can be read by the group and by nobody else, whatever the umask', async () => {
    const umask = process.umask(0o077)
    try {
      await commitImage(path, small())
    } finally {
      process.umask(umask)
    }
    expect(statSync(path).mode & 0o7777).toBe(0o640)
  })

  test('takes the leftovers of killed writers away, and nothing else', async () => {
    const others = ['.example.com.image.tmp', '.example.com.image.0123.tmp', '.x.image.0123456789abcdef.tmp']
    for (const name of others) writeFileSync(join(folder, name), '')
    writeFileSync(join(folder, '.example.com.image.0123456789abcdef.tmp'), 'half an im')
    writeFileSync(join(folder, '.example.com.image.fedcba9876543210.tmp'), '')
    await commitImage(path, small())
    expect(readdirSync(folder).sort()).toEqual([...others, 'example.com.image'].sort())
  })

  test('is refused when it reads otherwise than it was given, and the old one stays', async () => {
    await commitImage(path, small())
    const bytes = large(8 * MIB)
    const committed = commitImage(path, bytes).then(
      () => 'committed',
      (error: unknown) => error,
    )
    // Its first bytes are in the file: from now on they differ from those in memory.
    const temporary = () => readdirSync(folder).find((name) => name.endsWith('.tmp'))
    await turnsUntil(() => {
      const name = temporary()
      return name !== undefined && statSync(join(folder, name)).size > 0
    })
    new Uint8Array(bytes)[0] = 0
    expect(await committed).toEqual(new ImageError('what was written from byte 0 on reads otherwise'))
    expect((await loadImage(path)).generation).toBe(1)
    expect(readdirSync(folder)).toEqual(['example.com.image'])
  })
})

describe('a commit that fails says where, and leaves nothing behind', () => {
  test('in a folder that is not there', async () => {
    const nowhere = join(folder, 'nowhere')
    await expect(commitImage(join(nowhere, 'd.image'), small())).rejects.toMatchObject({
      code: 'ENOENT',
      message: expect.stringContaining(nowhere) as string,
    })
    expect(existsSync(nowhere)).toBe(false)
  })

  test('where a folder has the name of the image', async () => {
    mkdirSync(path)
    await expect(commitImage(path, small())).rejects.toMatchObject({
      code: 'EISDIR',
      message: expect.stringContaining(path) as string,
    })
    expect(readdirSync(folder)).toEqual(['example.com.image'])
  })
})

describe('while an image is loaded', () => {
  test('others have their turn again and again, also while it is checked', async () => {
    const users = Array.from({ length: 20_000 }, (_, i) => user({ name: `user${i}`, uid: String(i) }))
    const { bytes } = build([rows(users)])
    await commitImage(path, bytes)
    let loaded = false
    const loading = loadImage(path).finally(() => (loaded = true))
    await turnsUntil(isOpen)
    let turns = 0
    await turnsUntil(() => {
      turns += 1
      return !isOpen()
    })
    expect(turns).toBeGreaterThan(bytes.byteLength / MIB)
    turns = 0
    await turnsUntil(() => {
      turns += 1
      return loaded
    })
    await loading
    // A turn each 1024 records of five maps.
    expect(turns).toBeGreaterThan((5 * 20_000) / 1024)
  })

  test('a new one may be committed: the old one is loaded whole', async () => {
    await commitImage(path, large(16 * MIB))
    const loading = loadImage(path)
    await setImmediate()
    await commitImage(path, small())
    expect([1, 9]).toContain((await loading).generation)
    expect((await loadImage(path)).generation).toBe(1)
  })

  test.each([
    ['cut', () => truncateSync(path, 24 * MIB), /^the file became shorter while it was read: 25165824 of/],
    ['written to', () => appendFileSync(path, 'x'), /^the file changed from \d+ to \d+ bytes$/],
  ])('a file that is %s is refused', async (_, change, reason) => {
    const bytes = large(64 * MIB)
    writeFileSync(path, Buffer.from(bytes))
    const before = bytesRead()
    const loading = loadImage(path).catch((error: unknown) => error)
    await turnsUntil(() => bytesRead() > before + 4 * MIB)
    change()
    const error = await loading
    expect(error).toBeInstanceOf(ImageError)
    expect((error as ImageError).message).toMatch(reason)
  })
})

describe.each([
  ['loadImage', loadImage],
  ['readImageSummary', readImageSummary],
])('%s refuses', (_, read) => {
  /** The words of the ImageError. */
  const refusal = async () => {
    const error = await read(path).catch((error: unknown) => error)
    if (error instanceof ImageError) return error.message
    throw new Error('not refused', { cause: error })
  }

  test('a file that is not there, as the file system says it', async () => {
    await expect(read(path)).rejects.toMatchObject({
      code: 'ENOENT',
      message: expect.stringContaining(path) as string,
    })
  })

  test('a symbolic link, also to an image', async () => {
    const image = join(folder, 'other')
    writeFileSync(image, Buffer.from(small()))
    symlinkSync(image, path)
    expect(await refusal()).toMatch(/^not a regular file, but a symbolic link$/)
  })

  test('a folder', async () => {
    mkdirSync(path)
    expect(await refusal()).toMatch(/^not a regular file$/)
  })

  test('a pipe that nobody writes to, without waiting', async () => {
    execFileSync('mkfifo', [path])
    expect(await refusal()).toMatch(/^not a regular file$/)
  })

  test('an empty file', async () => {
    writeFileSync(path, '')
    expect(await refusal()).toMatch(/^0 bytes: shorter than a header$/)
  })

  test('another file', async () => {
    writeFileSync(path, 'x'.repeat(5000))
    expect(await refusal()).toMatch(/^not an image of ypldap$/)
  })

  test('a file of another length than its header says, before its memory is taken', async () => {
    writeFileSync(path, Buffer.from(small()))
    truncateSync(path, 2 ** 40)
    expect(await refusal()).toMatch(/^1099511627776 bytes where \d+ were written$/)
  })

  test('a table of maps that the file has no room for', async () => {
    const bytes = Buffer.from(small()).subarray(0, HEADER_BYTES)
    bytes.writeBigUInt64LE(BigInt(bytes.length), Header.length)
    writeFileSync(path, bytes)
    expect(await refusal()).toMatch(/^a table of 7 maps does not fit$/)
  })
})

test('loadImage refuses a file that is larger than any image, before its memory is taken', async () => {
  const bytes = Buffer.from(small()).subarray(0, 4096)
  bytes.writeBigUInt64LE(2n ** 40n, Header.length)
  writeFileSync(path, bytes)
  truncateSync(path, 2 ** 40)
  await expect(loadImage(path)).rejects.toThrow(/^1099511627776 bytes: at most 8589934592 are loaded$/)
})

describe('the summary of an image', () => {
  test('is what the image itself says', async () => {
    await commitImage(path, small(5))
    await touchImage(path, 1_700_000_123)
    const image = await loadImage(path)
    expect(await readImageSummary(path)).toEqual({
      domain: 'example.com',
      generation: 5,
      contents: image.contents.toString('hex'),
      created: 1_700_000_000,
      users: 2,
      groups: 1,
      fingerprint: 'ab'.repeat(32),
      maps: image.maps.map(({ name, count, secure }) => ({ name, records: count, secure, found: false })),
      fresh: 1_700_000_123,
    })
  })

  test('is had without the records', async () => {
    writeFileSync(path, Buffer.from(small()).fill(0xff, HEADER_BYTES + ALL_MAPS.length * 128))
    expect(await readImageSummary(path)).toMatchObject({ users: 2, groups: 1 })
    await expect(loadImage(path)).rejects.toThrow(ImageError)
  })

  test('never dates from before 1970', async () => {
    await commitImage(path, small())
    utimesSync(path, new Date(-5000), new Date(-5000))
    expect((await readImageSummary(path)).fresh).toBe(0)
  })
})

test('the time of an image is kept to the second, and its contents with it', async () => {
  await commitImage(path, small())
  for (const time of [0, 1, 1_234_567_890, 2 ** 31 + 5]) {
    await touchImage(path, time)
    expect((await readImageSummary(path)).fresh).toBe(time)
  }
  expect((await loadImage(path)).generation).toBe(1)
  rmSync(path)
  await expect(touchImage(path, 1)).rejects.toMatchObject({ code: 'ENOENT' })
})
