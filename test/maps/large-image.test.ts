/** Past 4 GiB, where 32 bits end: with `scripts/test --long`, for it takes 10 GB of memory, 5 on disk and a minute. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commitImage, loadImage, verifyImage } from '../../src/maps/image-file.ts'
import { writeImage } from '../../src/maps/image-writer.ts'
import type { MapRecords } from '../../src/maps/records.ts'
import { mapOf } from '../support/map-contents.ts'

const LONG = process.env['YPLDAP_LONG'] === '1'
const VALUE_BYTES = 2 ** 27

/** So many records with one value, that ends as no other does. */
function heavy(name: string, count: number): MapRecords {
  const value = `${'x'.repeat(VALUE_BYTES - 8)}the end.`
  return {
    name,
    secure: false,
    found: false,
    keys: Array.from({ length: count }, (_, index) => `key${100 + index}`),
    numbers: new Uint32Array(count),
    lines: { lengths: Uint32Array.of(VALUE_BYTES), line: () => value },
  }
}

test.runIf(LONG)(
  'an image of 4.6 GB, with a map of almost 4 GiB, is written, committed, verified, loaded and answered from',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ypldap-large-'))
    try {
      const path = join(folder, 'd.image')
      const options = { domain: 'd', master: 'm', created: 1, generation: 1, users: 1, groups: 1 }
      const maps = [heavy('first', 31), heavy('second', 4)]
      const bytes = writeImage(maps, { ...options, fingerprint: new Uint8Array(32) })
      expect(bytes.byteLength).toBeGreaterThan(4.6e9)
      await commitImage(path, bytes)
      bytes.transfer(0)
      await verifyImage(path)
      const image = await loadImage(path, (size) => new SharedArrayBuffer(size))
      for (const { name, keys } of maps) {
        const map = mapOf(image, name)
        const key = Buffer.from(keys.at(-1)!, 'latin1')
        const number = map.find(key, 0, key.length)
        expect(number).toBe(keys.length - 1)
        expect(map.successor(key, 0, key.length)).toBe(keys.length)
        const end = map.valueEnd(number)
        expect(image.bytes.toString('latin1', end - 8, end)).toBe('the end.')
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
  300_000,
)
