import { expect, test } from 'vitest'
import { hash } from '../../src/maps/hash.ts'

test('the hash is HalfSipHash-1-3: the values that the Linux kernel tests its hsiphash with', () => {
  const input = Uint8Array.from({ length: 16 }, (_, i) => i)
  const key = { low: 0x03020100, high: 0x07060504 }
  const expected = [
    0x5814c896, 0xe7e864ca, 0xbc4b0e30, 0x01539939, 0x7e059ea6, 0x88e3d89b, 0xa0080b65, 0x9d38d9d6,
    0x577999b1,
  ]
  expect(expected.map((_, length) => hash(input, 0, length, key))).toEqual(expected)
})

test('the hash depends on the key, on every byte, and not on where the bytes lie', () => {
  const bytes = Buffer.from('..user12345')
  const key = { low: 1, high: 2 }
  const value = hash(bytes, 2, 9, key)
  expect(hash(Buffer.from('user12345'), 0, 9, key)).toBe(value)
  expect(hash(bytes, 2, 9, { low: 1, high: 3 })).not.toBe(value)
  for (let i = 2; i < bytes.length; i++) {
    const changed = Buffer.from(bytes)
    changed[i]! ^= 1
    expect(hash(changed, 2, 9, key)).not.toBe(value)
  }
})
