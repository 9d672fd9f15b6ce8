/** What a map of an image holds, read through the stream that a client of YPPROC_ALL would get. */
import { XdrReader } from '../../rpc/xdr-reader.ts'
import { YpStat } from '../../rpc/yp.ts'
import { decodeAllStep } from '../../rpc/yp-results.ts'
import type { Image, MapView } from '../../src/maps/image.ts'

export function mapOf(image: Image, name: string): MapView {
  const map = image.maps.find((one) => one.name === name)
  if (map === undefined) throw new Error(`no map ${name}`)
  return map
}

/** Keys and values in the order of the stream; throws unless the stream ends as it should. */
export function contents(image: Image, name: string): readonly (readonly [key: string, value: string])[] {
  const map = mapOf(image, name)
  const reader = new XdrReader(image.bytes, map.section, map.sectionEnd)
  const list: (readonly [string, string])[] = []
  for (;;) {
    const step = decodeAllStep(reader)
    if (step === undefined) throw new Error('the stream ends without YP_NOMORE')
    if (step.status === YpStat.NOMORE) break
    list.push([step.key, step.value])
  }
  if (reader.bool() || reader.remaining !== 0) throw new Error('the stream goes on behind its end')
  return list
}

/** The value of a key through the hash index, or undefined. */
export function match(image: Image, name: string, key: string): string | undefined {
  const map = mapOf(image, name)
  const bytes = Buffer.from(key, 'latin1')
  const number = map.find(bytes, 0, bytes.length)
  if (number < 0) return undefined
  const reader = new XdrReader(image.bytes, map.answerStart(number), map.valueEnd(number))
  reader.uint32()
  return reader.string(1 << 20)
}
