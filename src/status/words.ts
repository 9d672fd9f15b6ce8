/** Numbers and times as the page shows them. */
import { age, moment } from '../control/units.ts'
import { type Html, html } from './html.ts'

/** Thousands apart by a thin space at which no line breaks: `1 204 301`. */
export function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '\u202f')
}

export function counted(value: number, one: string, many = `${one}s`): string {
  return `${number(value)}\u00a0${value === 1 ? one : many}`
}

/** Calls a second: `0.04`, `7.3`, `1 204`. */
export function rate(value: number): string {
  if (value >= 10) return number(Math.round(value))
  return value === 0 ? '0' : value.toFixed(value < 0.1 ? 2 : 1)
}

const UNITS = [
  ['s', 1_000_000],
  ['ms', 1000],
  ['µs', 1],
] as const

/** Microseconds in one unit: `64 µs`, `1.5 ms`, `12 s`. */
export function duration(microseconds: number): string {
  const [unit, length] = UNITS.find(([, length]) => microseconds >= length) ?? UNITS[2]
  const value = microseconds / length
  return `${value < 10 ? Number(value.toFixed(1)) : number(Math.round(value))}\u00a0${unit}`
}

/** Seconds since 1970 by this host's clock. */
export function time(seconds: number): Html {
  return html`<time datetime="${machineTime(seconds)}">${moment(seconds)}</time>`
}

/** `3 min 20 s ago` */
export function ago(seconds: number, now: number): Html {
  return html`<time datetime="${machineTime(seconds)}">${since(seconds, now)}</time>`
}

function since(seconds: number, now: number): string {
  return seconds >= now ? 'now' : `${age(now - seconds)} ago`
}

/** When something is to be done next; 0: that is not yet decided. */
export function coming(next: number, now: number): string {
  if (next === 0) return 'not yet decided'
  return next <= now ? 'now' : `in ${age(next - now)}`
}

/** What no clock of ours says is no time. */
function machineTime(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? '' : `${date.toISOString().slice(0, 19)}Z`
}

/** That in which `moment` tells times, as this host calls it: `CET`, `UTC`. */
export function zone(seconds: number): string {
  const parts = new Intl.DateTimeFormat('en', { timeZoneName: 'short' }).formatToParts(seconds * 1000)
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'local time'
}
