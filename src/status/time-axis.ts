/** The time from left to right: a span that people think in, which ends now. */
const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Seconds shown, and those between two ticks. */
const SPANS = [
  [10 * MINUTE, 2 * MINUTE],
  [30 * MINUTE, 5 * MINUTE],
  [HOUR, 10 * MINUTE],
  [2 * HOUR, 20 * MINUTE],
  [3 * HOUR, 30 * MINUTE],
  [6 * HOUR, HOUR],
  [12 * HOUR, 2 * HOUR],
  [DAY, 4 * HOUR],
  [2 * DAY, 12 * HOUR],
  [7 * DAY, DAY],
  [28 * DAY, 7 * DAY],
  [365 * DAY, 90 * DAY],
] as const

export interface TimeAxis {
  readonly from: number
  readonly to: number
  /** 0 is the left end, 1 the right one */
  readonly of: (at: number) => number
  readonly ticks: readonly { readonly at: number; readonly label: string }[]
}

/** As long as it must be for `oldest`. */
export function timeAxis(oldest: number, now: number): TimeAxis {
  const [span, step] = SPANS.find(([span]) => now - oldest <= span) ?? SPANS.at(-1)!
  const from = now - span
  // Ticks are whole hours of this host's clock.
  const offset = new Date(now * 1000).getTimezoneOffset() * MINUTE
  const first = Math.ceil((from - offset) / step) * step + offset
  const ticks = Array.from({ length: Math.floor((now - first) / step) + 1 }, (_, n) => first + n * step)
  return {
    from,
    to: now,
    // A clock that was set leaves moments that have not come.
    of: (at) => Math.min(1, Math.max(0, (at - from) / span)),
    ticks: ticks.map((at) => ({ at, label: labelOf(new Date(at * 1000), step) })),
  }
}

function labelOf(date: Date, step: number): string {
  const day = `${two(date.getMonth() + 1)}-${two(date.getDate())}`
  if (step >= DAY) return day
  const hour = `${two(date.getHours())}:${two(date.getMinutes())}`
  return step >= DAY / 2 ? `${day} ${hour}` : hour
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}
