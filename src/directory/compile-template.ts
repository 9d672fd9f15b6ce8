import type { Located } from '../config/config.ts'
import { DirectoryError } from './error.ts'
import { pointed, TemplateError } from './template/error.ts'
import { parseTemplate, type Template } from './template/template.ts'

/** `own`: one that looks at its entry alone. Throws DirectoryError (configuration), with the place in the template. */
export function compileTemplate({ value }: Located<string>, what: 'any' | 'own' = 'any'): Template {
  try {
    const template = parseTemplate(value)
    const { linked } = template
    if (what === 'own' && (linked.parent || linked.follows.length + linked.referrers.length > 0)) {
      throw new DirectoryError('configuration', `the template "${value}" of a field looks at other entries`)
    }
    return template
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    throw new DirectoryError('configuration', `${error.message}:\n${pointed(value, error)}`)
  }
}
