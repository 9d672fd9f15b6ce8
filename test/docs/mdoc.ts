/** Reads of a manual page's mdoc(7) source what the tests hold against the sources. */

export interface Page {
  readonly lines: readonly string[]
}

export function parsePage(text: string): Page {
  return { lines: text.trimEnd().split('\n') }
}

/** The lines of a section, without its header; none when there is no such section. */
export function section({ lines }: Page, name: string): readonly string[] {
  const start = lines.indexOf(`.Sh ${name}`)
  if (start === -1) return []
  const end = lines.findIndex((line, index) => index > start && line.startsWith('.Sh '))
  return lines.slice(start + 1, end === -1 ? undefined : end)
}

/** The literal displays of some lines, as the reader sees them. */
export function displays(lines: readonly string[]): string[] {
  const found: string[] = []
  let open: string[] | undefined
  for (const line of lines) {
    if (line.startsWith('.Bd -literal')) open = []
    else if (line === '.Ed' && open !== undefined) {
      found.push(`${open.join('\n')}\n`)
      open = undefined
    } else open?.push(line.replaceAll('\\e', '\\').replaceAll('\\(aq', "'"))
  }
  return found
}

/** A synopsis of `.Nm`, `.Op`, `Fl`, `Ar` and `Ns`, as one line. */
export function synopsisLine(lines: readonly string[]): string {
  return lines.map(synopsisPart).join(' ')
}

function synopsisPart(line: string): string {
  const [macro = '', ...words] = line.split(' ')
  if (macro === '.Nm') return words.join(' ')
  if (macro !== '.Op') throw new Error(`a synopsis is made of .Nm and .Op, not of ${line}`)
  let text = ''
  let flag = false
  let joined = true
  for (const word of words) {
    if (word === 'Ns') joined = true
    else if (word === 'Fl') flag = true
    else if (word !== 'Ar') {
      text += `${joined ? '' : ' '}${flag ? '-' : ''}${word}`
      flag = false
      joined = false
    }
  }
  return `[${text}]`
}

/** The words of the statements that head items of lists, such as `group filter` for `.It Ic group filter Ar filter`. */
export function itemHeads({ lines }: Page): string[] {
  return lines.flatMap((line) => {
    const [, words = ''] = /^\.It (?:Ic|Cm) (.*)$/.exec(line) ?? []
    const head = words.split(/ (?:Ar|Cm|Li|Op|Oo) /)[0] ?? ''
    return head === '' ? [] : head.split(' , ')
  })
}

export interface Defaults {
  /** statements, shown in displays behind a line `Default:` */
  readonly statements: readonly string[]
  /** by the first word of the statement, or by the field: the text behind `Default: ` or `No default` */
  readonly texts: ReadonlyMap<string, string>
}

/** What a page's `Default:` and `No default` lines say. */
export function pageDefaults(page: Page): Defaults {
  const statements: string[] = []
  const texts = new Map<string, string>()
  let items: string[] = []
  for (const [index, line] of page.lines.entries()) {
    if (line.startsWith('.It ')) {
      // Heads without a body between them share the next one's.
      const heads = itemHeads({ lines: [line] }).map((head) => head.split(' ', 1)[0]!)
      items = page.lines[index - 1]?.startsWith('.It ') === true ? [...items, ...heads] : heads
    } else if (line === 'Default:') {
      const [shown = ''] = displays(page.lines.slice(index + 1))
      statements.push(...shown.trimEnd().split('\n'))
    } else if (line === 'No default.' || line.startsWith('Default: ')) {
      for (const item of items) texts.set(item, defaultText(line)!)
    }
  }
  return { statements, texts }
}

/** The same of the sample configuration, where comments stand above the statements that they are about. */
export function sampleDefaults(sample: string): Defaults {
  const statements: string[] = []
  const texts = new Map<string, string>()
  for (const paragraph of sample.split(/\n\s*\n/)) {
    const lines = paragraph.split('\n').map((line) => line.trim())
    const prose = lines.filter(isComment).map((line) => line.slice(2))
    const shown = lines
      .slice(lines.findLastIndex(isComment) + 1)
      .map((line) => line.replace(/^#/, ''))
      .filter((line) => line !== '}')
    if (prose.at(-1)?.endsWith('Default:') === true) statements.push(...shown)
    const text = defaultText(prose.join(' '))
    for (const statement of text === undefined ? [] : shown) texts.set(subject(statement), text!)
    for (const line of prose) {
      const [, word, said] = /^ {2}([a-z]+) .*; default (.+)$/.exec(line) ?? []
      if (word !== undefined && said !== undefined) texts.set(word, said)
    }
  }
  return { statements, texts }
}

/** A `#` and a word right behind it is an example instead. */
function isComment(line: string): boolean {
  return /^#(?: |$)/.test(line)
}

function defaultText(prose: string): string | undefined {
  if (/\bNo default\.$/.test(prose)) return ''
  return /(?:^|\. )(?:Default:|Without one:) ((?:[^.]|\.(?! ))+)\.$/.exec(prose)?.[1]
}

/** A field for what sets one, else the first word. */
function subject(statement: string): string {
  return /^(?:attribute|list|fixed attribute) ([a-z]+)/.exec(statement)?.[1] ?? statement.split(' ', 1)[0]!
}

/** The rows of tables, each with the number of its table's first line and its cells. */
export function columnRows(lines: readonly string[]): readonly (readonly [number, readonly string[]])[] {
  let table = -1
  return lines.flatMap((line, index) => {
    if (line.startsWith('.Bl -')) table = line.startsWith('.Bl -column') ? index : -1
    if (table < 0 || !line.startsWith('.It ')) return []
    return [[table, line.slice(4).replaceAll('Sy ', '').split(' Ta ')] as const]
  })
}
