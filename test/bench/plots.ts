/** Figures as bars with their least and most, in SVG written by hand. */
import { type Sample, SUBJECTS, type Subject, series, subjectsOf, type Trial, trialsOf } from './samples.ts'
import { spread } from './statistics.ts'
import { number, SECTIONS } from './table.ts'

const WIDTH = 900
const LABEL = 240
const BAR = 16
const GAP = 6
const HEAD = 58
const GROUP = 24
const SPACE_FOR_NUMBERS = 200

/** The colours of both a light and a dark page: text, page, lines; and of ours, of peers, of floors. */
const STYLE = `
text { fill: #1f2328 } .page { fill: #ffffff } .range { stroke: #1f2328; stroke-width: 1.2; fill: none }
.dim { fill: #59636e } .ours { fill: #2f6fbf } .plain { fill: #86b3e6 } .peer { fill: #d9822b } .floor { fill: #a8b0b8 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .page { fill: #0d1117 } .range { stroke: #e6edf3 }
.dim { fill: #9198a1 } .ours { fill: #4c8fe0 } .plain { fill: #2f5f94 } .peer { fill: #c8742a } .floor { fill: #59636e }
}`

const CLASSES: Record<Subject, 'ours' | 'plain' | 'peer' | 'floor'> = {
  ypldap: 'ours',
  'ypldap-dgram': 'plain',
  small: 'plain',
  ypserv: 'peer',
  'slapi-nis': 'peer',
  ldapsearch: 'peer',
  'c-match': 'floor',
  'c-all': 'floor',
  batched: 'floor',
  dgram: 'floor',
  sender: 'floor',
}

export interface Plot {
  /** of the file, without its ending */
  readonly name: string
  readonly svg: string
}

/** One plot for each section: its first metric, a group of bars for each trial. */
export function plotsOf(samples: readonly Sample[]): readonly Plot[] {
  return SECTIONS.flatMap(({ trial: name, title, width, better, columns: [{ metric, label }] }) => {
    const groups = trialsOf(samples, name).map((trial) => ({
      label: labelOf(trial, width),
      users: trial.users,
      bars: subjectsOf(samples, trial).flatMap((subject) => {
        const values = spread([...series(samples, { ...trial, subject, metric }).values()])
        return values === undefined ? [] : [{ subject, ...values }]
      }),
    }))
    const some = groups.some(({ bars }) => bars.length > 0)
    return some ? [{ name, svg: draw(title, `${label}, ${better} is better`, groups) }] : []
  })
}

function labelOf({ users, width }: Trial, widthName: string | undefined): string {
  const size = `${users.toLocaleString('en-US')} users`
  return widthName === undefined ? size : `${size}, ${width} ${widthName}`
}

interface Group {
  readonly label: string
  readonly users: number
  readonly bars: readonly {
    readonly subject: Subject
    readonly median: number
    readonly least: number
    readonly most: number
  }[]
}

function draw(title: string, unit: string, groups: readonly Group[]): string {
  const parts: string[] = []
  let y = HEAD
  for (const { label, users, bars } of groups) {
    const x = scaleOf(groups.filter((group) => group.users === users))
    parts.push(`<text x="12" y="${y + 13}" font-weight="bold">${escape(label)}</text>`)
    y += GROUP
    for (const { subject, median, least, most } of bars) {
      const middle = y + BAR / 2
      const end = x(median).toFixed(1)
      const range = least === most ? '' : `(${number(least)}–${number(most)})`
      parts.push(
        `<text x="${LABEL - 8}" y="${middle + 4}" text-anchor="end">${escape(SUBJECTS[subject])}</text>`,
        `<path class="${CLASSES[subject]}" d="M${LABEL} ${y}H${end}v${BAR}H${LABEL}z"/>`,
        ...(range === '' ? [] : [whisker(x(least), x(most), middle)]),
        `<text x="${(x(most) + 8).toFixed(1)}" y="${middle + 4}"><tspan font-weight="bold">${number(median)}</tspan>` +
          `<tspan class="dim" dx="6">${range}</tspan></text>`,
      )
      y += BAR + GAP
    }
    y += GAP
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}" font-family="system-ui, sans-serif" font-size="12">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="page" width="${WIDTH}" height="${y}"/>`,
    `<text x="12" y="22" font-size="15" font-weight="bold">${escape(title)}</text>`,
    `<text class="dim" x="12" y="42">${escape(unit)}. Bars: medians; lines: least to most. Groups of as many users share a scale.</text>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

/** Of values to x: what few users take would be no bar beside what many do. */
function scaleOf(groups: readonly Group[]): (value: number) => number {
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map((bar) => bar.most)))
  return (value) => LABEL + (value / most) * (WIDTH - LABEL - SPACE_FOR_NUMBERS)
}

function whisker(from: number, to: number, y: number): string {
  const [left, right] = [from.toFixed(1), to.toFixed(1)]
  return `<path class="range" d="M${left} ${y}H${right}M${left} ${y - 4}v8M${right} ${y - 4}v8"/>`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
