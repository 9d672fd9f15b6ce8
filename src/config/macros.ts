import type { Position, Problem } from './config.ts'
import { MAX_EXPANSION } from './limits.ts'

interface Macro {
  readonly at: Position
  /** undefined when its definition was refused */
  readonly value: string | undefined
  /** `-D`: no definition in a file replaces it */
  readonly fixed: boolean
  used: boolean
}

export type Expansion =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unknown' }
  /** its definition is a problem already told */
  | { readonly kind: 'refused' }
  | { readonly kind: 'too-much' }

/** The macros known at one point of the configuration, shared by all its files. */
export class Macros {
  readonly #macros = new Map<string, Macro>()
  #expanded = 0

  /** `fixed` are those of the command line, which win over the file's. */
  constructor(fixed: ReadonlyMap<string, string>) {
    const at = { file: 'command line', line: 1, column: 1 }
    for (const [name, value] of fixed) this.#macros.set(name, { at, value, fixed: true, used: false })
  }

  /** A value of undefined keeps later uses from being reported as unknown. */
  define(name: string, value: string | undefined, at: Position): void {
    if (this.#macros.get(name)?.fixed === true) return
    this.#macros.set(name, { at, value, fixed: false, used: false })
  }

  expand(name: string): Expansion {
    const macro = this.#macros.get(name)
    if (macro === undefined) return { kind: 'unknown' }
    macro.used = true
    if (macro.value === undefined) return { kind: 'refused' }
    this.#expanded += macro.value.length
    if (this.#expanded > MAX_EXPANSION) return { kind: 'too-much' }
    return { kind: 'text', text: macro.value }
  }

  unused(): Problem[] {
    return [...this.#macros]
      .filter(([, macro]) => !macro.used)
      .map(([name, macro]) => ({ at: macro.at, message: `macro '${name}' is not used` }))
  }
}
