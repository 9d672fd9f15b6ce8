import type { Cursor } from './cursor.ts'
import type { Macros } from './macros.ts'
import { Mistake } from './mistake.ts'
import type { Report } from './report.ts'

/** Whether a macro's definition comes next: `name = "value"`. */
export function atMacro(cursor: Cursor): boolean {
  return cursor.atSymbol('=', 1)
}

/** However wrong the definition is, the macro is known from here on, so that its uses are not reported as well. */
export function readMacro(cursor: Cursor, macros: Macros, report: Report): void {
  const name = cursor.peek()
  if (name.kind === 'keyword') {
    throw new Mistake(name.at, `'${name.text}' is a reserved word, expected another name for a macro`)
  }
  const { value, at } = cursor.text('the name of a macro')
  if (value === '' || /\s/.test(value)) {
    report.problem(at, 'bad name of a macro, expected letters, digits and _')
  }
  macros.define(value, undefined, at)
  cursor.symbol('=')
  macros.define(value, cursor.secret('the value of the macro as a quoted string').value, at)
}
