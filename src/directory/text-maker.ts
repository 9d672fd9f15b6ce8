/** A field that a template gives. */
import type { Located } from '../config/config.ts'
import type { Octets } from '../maps/rows.ts'
import { compileTemplate } from './compile-template.ts'
import type { Entry } from './entry.ts'
import { EvaluationError, NoValueError } from './template/error.ts'
import { NO_LINKS } from './template/links.ts'
import { evaluate } from './template/template.ts'
import { textOf } from './template/value.ts'

export interface TextMaker {
  readonly attributes: readonly string[]
  /** '' where an expression has no value. Throws EvaluationError for more than one text. */
  readonly text: (entry: Entry) => Octets
}

/** A field is made as entries come, so that its template can't look at other entries. Throws DirectoryError. */
export function createTextMaker(located: Located<string>): TextMaker {
  const template = compileTemplate(located, 'own')
  const context = { domain: '', links: NO_LINKS, it: undefined }
  return {
    attributes: template.attributes,
    text(entry) {
      try {
        const values = evaluate(template, entry, context)
        if (values.length > 1) throw new EvaluationError(`${values.length} texts for one field`)
        return values[0] === undefined ? '' : textOf(values[0])
      } catch (error) {
        if (error instanceof NoValueError) return ''
        throw error
      }
    },
  }
}
