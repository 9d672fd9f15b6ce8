/** Records of a map as ypcat and ypmatch print them, and as JSON. */
import { visible } from '../visible.ts'
import type { Records } from './operations.ts'

type MapRecord = Records[number]

/** A line of the very bytes of the map; on a terminal none of them drives it. */
export function recordLine({ key, value }: MapRecord, keys: boolean, terminal: boolean): Buffer {
  const line = keys ? `${key} ${value}` : value
  const bytes = Buffer.from(line, 'latin1')
  return Buffer.concat([terminal ? Buffer.from(visible(bytes.toString('utf8'))) : bytes, Buffer.from('\n')])
}

/** `key` and `value`; what is not UTF-8 is in base64, as `key64` or `value64`. */
export function recordJson({ key, value }: MapRecord): Readonly<Record<string, string>> {
  return { ...octetsJson('key', key), ...octetsJson('value', value) }
}

function octetsJson(name: string, octets: string): Readonly<Record<string, string>> {
  const bytes = Buffer.from(octets, 'latin1')
  const text = bytes.toString('utf8')
  return Buffer.from(text, 'utf8').equals(bytes)
    ? { [name]: text }
    : { [`${name}64`]: bytes.toString('base64') }
}
