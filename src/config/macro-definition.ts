import { MAX_TOKEN } from './limits.ts'

/** A `-D` that defines no macro; the message says why. */
export class MacroError extends Error {
  readonly code = 'BAD_MACRO'
  override readonly name = 'MacroError'
}

/** `name=value`, split at the first `=`: the value may hold more of them. Throws MacroError. */
export function parseMacroDefinition(text: string): { readonly name: string; readonly value: string } {
  const equals = text.indexOf('=')
  if (equals < 0) throw new MacroError('a macro is defined without a value, expected -D name=value')
  const name = text.slice(0, equals)
  if (!/^[A-Za-z0-9_]+$/.test(name)) {
    throw new MacroError('a macro has a bad name, expected letters, digits and _ in -D name=value')
  }
  const value = text.slice(equals + 1)
  if (value.length > MAX_TOKEN) {
    throw new MacroError(`macro '${name}' is too long, expected at most ${MAX_TOKEN} characters`)
  }
  return { name, value }
}

/** All `-D` of a command line. Throws MacroError, also when a name comes twice. */
export function parseMacroDefinitions(texts: readonly string[]): ReadonlyMap<string, string> {
  const macros = new Map<string, string>()
  for (const text of texts) {
    const { name, value } = parseMacroDefinition(text)
    if (macros.has(name)) throw new MacroError(`macro '${name}' is defined twice, expected one -D ${name}=…`)
    macros.set(name, value)
  }
  return macros
}
