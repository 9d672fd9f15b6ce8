import { expect, test } from 'vitest'
import { murmurhash3 } from '../../src/directory/murmurhash.ts'

// Those of the reference implementation, MurmurHash3_x86_32.
test.each([
  ['', 0, 0],
  ['', 1, 0x514e28b7],
  ['', 0xffffffff, 0x81f16f39],
  ['\0\0\0\0', 0, 0x2362f9de],
  ['aaaa', 0x9747b28c, 0x5a97808a],
  ['aaa', 0x9747b28c, 0x283e0130],
  ['aa', 0x9747b28c, 0x5d211726],
  ['a', 0x9747b28c, 0x7fa09ea6],
  ['\xff\xff\xff\xff', 0, 0x76293b50],
  ['Hello, world!', 0x9747b28c, 0x24884cba],
])('the hash of %j with the seed %i is %i', (text, seed, hash) => {
  expect(murmurhash3(text, seed)).toBe(hash)
})
