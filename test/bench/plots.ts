/** Figures as bars with their least and most, in SVG written by hand. */
import { type Sample, SUBJECTS, type Subject, series, subjectsOf, type Trial, trialsOf } from './samples.ts'
import { spread } from './statistics.ts'
import { number, SECTIONS } from './table.ts'

const WIDTH = 860
const LABEL = 250
const BAR = 18
const GAP = 6
const HEAD = 46
const GROUP = 26
const SPACE_FOR_NUMBERS = 150

const COLOURS: Record<Subject, string> = {
  ypldap: '#1f5fa8',
  'ypldap-dgram': '#7ba7d7',
  ypserv: '#c8692b',
  batched: '#9a9a9a',
  dgram: '#b5b5b5',
  sender: '#9a9a9a',
}

export interface Plot {
  /** of the file, without its ending */
  readonly name: string
  readonly svg: string
}

/** One plot for each section: its first metric, a group of bars for each trial. */
export function plotsOf(samples: readonly Sample[]): readonly Plot[] {
  return SECTIONS.flatMap(({ trial: name, title, width, columns: [{ metric, label }] }) => {
    const groups = trialsOf(samples, name).map((trial) => ({
      label: labelOf(trial, width),
      bars: subjectsOf(samples, trial).flatMap((subject) => {
        const values = spread([...series(samples, { ...trial, subject, metric }).values()])
        return values === undefined ? [] : [{ subject, ...values }]
      }),
    }))
    const some = groups.some(({ bars }) => bars.length > 0)
    return some ? [{ name, svg: draw(title, label, groups) }] : []
  })
}

function labelOf({ users, width }: Trial, widthName: string | undefined): string {
  const size = `${users.toLocaleString('en-US')} users`
  return widthName === undefined ? size : `${size}, ${width} ${widthName}`
}

interface Group {
  readonly label: string
  readonly bars: readonly {
    readonly subject: Subject
    readonly median: number
    readonly least: number
    readonly most: number
  }[]
}

function draw(title: string, unit: string, groups: readonly Group[]): string {
  const most = Math.max(...groups.flatMap(({ bars }) => bars.map((bar) => bar.most)))
  const x = (value: number) => (LABEL + (value / most) * (WIDTH - LABEL - SPACE_FOR_NUMBERS)).toFixed(1)
  const parts: string[] = []
  let y = HEAD
  for (const { label, bars } of groups) {
    parts.push(`<text x="8" y="${y + 14}" font-weight="bold">${escape(label)}</text>`)
    y += GROUP
    for (const { subject, median, least, most } of bars) {
      const middle = y + BAR / 2
      parts.push(
        `<text x="${LABEL - 8}" y="${middle + 4}" text-anchor="end">${escape(SUBJECTS[subject])}</text>`,
        `<rect x="${LABEL}" y="${y}" width="${(Number(x(median)) - LABEL).toFixed(1)}" height="${BAR}" fill="${COLOURS[subject]}"/>`,
        `<path d="M${x(least)} ${middle}H${x(most)}M${x(least)} ${middle - 5}v10M${x(most)} ${middle - 5}v10" stroke="#000"/>`,
        `<text x="${Number(x(most)) + 8}" y="${middle + 4}">${number(median)} (${number(least)}–${number(most)})</text>`,
      )
      y += BAR + GAP
    }
    y += GAP
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${y}" fill="#fff"/>`,
    `<text x="8" y="20" font-size="14" font-weight="bold">${escape(title)}</text>`,
    `<text x="8" y="38">${escape(unit)}: median, least and most of the rounds</text>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
