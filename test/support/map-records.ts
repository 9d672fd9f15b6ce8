/** The records of a map that holds these keys and values, in whatever order they are given. */
import type { MapRecords } from '../../src/maps/records.ts'

export function mapRecords(
  name: string,
  keys: readonly string[],
  values: readonly string[] = keys,
  secure = false,
): MapRecords {
  const numbers = Uint32Array.from(keys, (_, number) => number)
  numbers.sort((a, b) => (keys[a]! < keys[b]! ? -1 : 1))
  return {
    name,
    secure,
    found: false,
    keys: Array.from(numbers, (number) => keys[number]!),
    numbers,
    lines: {
      lengths: Uint32Array.from(values, ({ length }) => length),
      line: (number) => values[number]!,
    },
  }
}
