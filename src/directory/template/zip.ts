import type { Octets } from '../../maps/rows.ts'
import { boundBytes, bytesOf } from './bounds.ts'
import { EvaluationError } from './error.ts'
import type { List } from './expression.ts'
import { LIST } from './limits.ts'

export interface Padded {
  readonly list: List
  /** its first value stands in where the list has come to its end */
  readonly pad: List
  /** the pad, as it is written */
  readonly source: string
}

/** One text of the first values of all the lists, one of the second ones, and so on, as long as the longest. */
export function zip(lists: readonly Padded[], separator: Octets): List {
  return (entry, run) => {
    const columns = lists.map(({ list }) => list(entry, run))
    const rows = Math.max(...columns.map(({ length }) => length))
    const pads = lists.map(({ pad, source }, index) => {
      if (columns[index]!.length === rows) return ''
      const [value] = pad(entry, run)
      if (value === undefined) throw new EvaluationError(`no value of ${source}, which pads a list`)
      return value
    })
    const texts: Octets[] = []
    let bytes = 0
    for (let row = 0; row < rows; row++) {
      const parts = columns.map((column, index) => column[row] ?? pads[index]!)
      bytes += bytesOf(parts) + separator.length * (parts.length - 1)
      boundBytes(bytes, LIST)
      texts.push(parts.join(separator))
    }
    return texts
  }
}
