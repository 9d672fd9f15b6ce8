/**
 * Plots by time. Places across are percentages, so that a plot is as wide as there is room while its words and lines
 * stay as they are; lines, which can't be said in percentages, are drawn a thousand wide and stretched.
 */
import { type Content, type Html, html } from './html.ts'
import type { Scale } from './scale.ts'
import type { TimeAxis } from './time-axis.ts'

const TOP = 8
const HEIGHT = 126
const BOTTOM = 22
const WIDTH = 1000

export interface Plot {
  /** one of its kind on the page */
  readonly id: string
  readonly title: string
  /** for those who don't see it */
  readonly description: string
  readonly x: TimeAxis
  readonly y: Scale
  readonly label: (value: number) => string
  readonly content: Content
}

/** The labels of values stand left of it, where the style leaves them room. */
export function plot({ id, title, description, x, y, label, content }: Plot): Html {
  const grid = y.ticks.map(
    (value) => html`<line class="grid" x1="0" x2="100%" y1="${down(y, value)}" y2="${down(y, value)}"/>`,
  )
  const values = y.ticks.map(
    (value) => html`<text class="tick end" x="-8" y="${Number(down(y, value)) + 4}">${label(value)}</text>`,
  )
  const times = x.ticks.map(({ at, label }) => {
    const place = across(x, at)
    return html`<line class="grid" x1="${place}" x2="${place}" y1="${TOP + HEIGHT}" y2="${TOP + HEIGHT + 4}"/>
<text class="tick middle" x="${place}" y="${TOP + HEIGHT + 17}">${label}</text>`
  })
  return html`<svg class="plot" role="img" aria-labelledby="${id}-title ${id}-description" height="${
    TOP + HEIGHT + BOTTOM
  }">
<title id="${id}-title">${title}</title>
<desc id="${id}-description">${description}</desc>
${grid}${times}
${content}
${values}
</svg>`
}

export function across(x: TimeAxis, at: number): string {
  return `${(100 * x.of(at)).toFixed(2)}%`
}

export function down(y: Scale, value: number): string {
  return (TOP + HEIGHT * (1 - y.of(value))).toFixed(1)
}

/** Where lines and areas are drawn. */
export function lines(content: Content): Html {
  return html`<svg class="lines" aria-hidden="true" width="100%" height="${HEIGHT}" y="${TOP}" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none">${content}</svg>`
}

export interface Place {
  readonly at: number
  readonly value: number
}

export interface Tall extends Place {
  readonly floor: number
}

/** What is usual. */
export function line(x: TimeAxis, y: Scale, runs: readonly (readonly Place[])[]): Html {
  return html`<path class="line" d="${runs.map((run) => outline(x, y, run)).join('')}"/>`
}

/** What reaches beyond it. */
export function area(x: TimeAxis, y: Scale, runs: readonly (readonly Tall[])[]): Html {
  const shapes = runs.map((run) => {
    const back = run.toReversed().map(({ at, floor }) => ({ at, value: floor }))
    return `${outline(x, y, run)}${outline(x, y, back).replace('M', 'L')}Z`
  })
  return html`<path class="area" d="${shapes.join('')}"/><path class="edge" d="${runs.map((run) => outline(x, y, run)).join('')}"/>`
}

/** A point that stands alone is a dot. */
function outline(x: TimeAxis, y: Scale, run: readonly Place[]): string {
  const places = run.map(
    ({ at, value }) => `${(WIDTH * x.of(at)).toFixed(1)} ${(HEIGHT * (1 - y.of(value))).toFixed(1)}`,
  )
  return `M${places.join('L')}${places.length === 1 ? 'h0' : ''}`
}

export function lineKey(meaning: string): Html {
  return key(22, html`<path class="line" d="M0 7h22"/>`, meaning)
}

export function areaKey(meaning: string): Html {
  return key(22, html`<path class="area" d="M0 2h22v10h-22Z"/><path class="edge" d="M0 2h22"/>`, meaning)
}

/** What a line or mark stands for, behind the text of a plot. */
export function key(width: number, content: Content, meaning: string): Html {
  return html` <span class="key"><svg aria-hidden="true" width="${width}" height="14">${content}</svg> ${meaning}</span>`
}
