/** A field that a template gives. */
import type { Located } from '../config/config.ts'
import type { Octets } from '../maps/rows.ts'
import { compileTemplate } from './compile-template.ts'
import type { Entry } from './entry.ts'
import { EvaluationError } from './template/error.ts'
import { NO_LINKS } from './template/links.ts'
import { evaluateAny } from './template/template.ts'

/**
 * What a template gives for a field of an entry: '' where an expression has no value; more than one text is an
 * EvaluationError. A field is made as entries come, so that its template can't look at other entries. Throws
 * DirectoryError.
 */
export function createTextMaker(located: Located<string>, domain: Octets): (entry: Entry) => Octets {
  const template = compileTemplate(located, 'own')
  const context = { domain, links: NO_LINKS, it: undefined }
  return (entry) => {
    const texts = evaluateAny(template, entry, context)
    if (texts.length > 1) throw new EvaluationError(`${texts.length} texts for one field`)
    return texts[0] ?? ''
  }
}
