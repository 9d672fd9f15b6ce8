/** A field that a template gives. */
import type { Located } from '../config/config.ts'
import type { Octets } from '../maps/rows.ts'
import { compileTemplate } from './compile-template.ts'
import type { Entry } from './entry.ts'
import { EvaluationError } from './template/error.ts'
import { NO_LINKS } from './template/links.ts'
import { evaluateAny } from './template/template.ts'

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
      const texts = evaluateAny(template, entry, context)
      if (texts.length > 1) throw new EvaluationError(`${texts.length} texts for one field`)
      return texts[0] ?? ''
    },
  }
}
