/** Times and sizes as people read them. */

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
] as const

/** Seconds in two units at most: `45 s`, `3 min 20 s`, `2 d 4 h`. */
export function age(seconds: number): string {
  const index = UNITS.findIndex(([, length]) => seconds >= length)
  if (index < 0) return `${Math.floor(seconds)} s`
  const [unit, length] = UNITS[index]!
  const [next, part] = UNITS[index + 1] ?? (['s', 1] as const)
  const whole = Math.floor(seconds / length)
  const rest = Math.floor((seconds - whole * length) / part)
  return rest === 0 ? `${whole} ${unit}` : `${whole} ${unit} ${rest} ${next}`
}

/** Milliseconds: `6 ms`, `1.3 s`, `2 min 5 s`. */
export function span(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds} ms`
  return milliseconds < 10_000 ? `${(milliseconds / 1000).toFixed(1)} s` : age(milliseconds / 1000)
}

/** Seconds since 1970 by this host's clock: `2026-11-21 07:17:03`. */
export function moment(seconds: number): string {
  const date = new Date(seconds * 1000)
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MB`
}
