/** What was measured: one sample for each trial, subject and round. Tables, plots and bars are made of them alone. */
import { ratios } from './statistics.ts'

/** Who is measured. Floors do no more than any server must. */
export const SUBJECTS = {
  ypldap: 'ypldap',
  'ypldap-dgram': 'ypldap without koffi',
  small: 'ypldap with a hundredth of them',
  ypserv: 'ypserv',
  'slapi-nis': 'slapi-nis',
  ldapsearch: 'ldapsearch',
  'c-match': 'floor in C: hash look-up, recvmmsg',
  'c-all': 'floor in C: pre-encoded',
  batched: 'floor: recvmmsg, constant reply',
  dgram: 'floor: node:dgram, constant reply',
  sender: 'floor: pre-encoded, written at once',
} as const
export type Subject = keyof typeof SUBJECTS

export interface Trial {
  /** `match` and `walk` over UDP, `all` and `streams` over TCP, … */
  readonly trial: string
  /** in the maps */
  readonly users: number
  /** calls that wait for an answer at a time, or streams */
  readonly width: number
}

export interface Sample extends Trial {
  readonly subject: Subject
  readonly round: number
  /** others took too much of the cores */
  readonly disturbed: boolean
  /** by the name of the metric */
  readonly values: Readonly<Record<string, number>>
}

/** Which figure: a metric of a subject in a trial. */
export interface Figure extends Trial {
  readonly subject: Subject
  readonly metric: string
}

export function isOf(sample: Trial, trial: Trial): boolean {
  return sample.trial === trial.trial && sample.users === trial.users && sample.width === trial.width
}

/** A figure's values by round. */
export function series(samples: readonly Sample[], figure: Figure): ReadonlyMap<number, number> {
  return new Map(
    samples
      .filter((sample) => isOf(sample, figure) && sample.subject === figure.subject)
      .flatMap(({ round, values }) => {
        const value = values[figure.metric]
        return value === undefined ? [] : [[round, value] as const]
      }),
  )
}

/** This figure over the same of another subject, round by round. */
export function ratioTo(samples: readonly Sample[], figure: Figure, peer: Subject): readonly number[] {
  return ratios(series(samples, figure), series(samples, { ...figure, subject: peer }))
}

/** Subjects and trials as they first came. */
export function trialsOf(samples: readonly Sample[], name: string): readonly Trial[] {
  const found: Trial[] = []
  for (const sample of samples) {
    if (sample.trial === name && !found.some((trial) => isOf(sample, trial))) found.push(sample)
  }
  return found.map(({ trial, users, width }) => ({ trial, users, width }))
}

export function subjectsOf(samples: readonly Sample[], trial: Trial): readonly Subject[] {
  const present = new Set(samples.filter((sample) => isOf(sample, trial)).map(({ subject }) => subject))
  return (Object.keys(SUBJECTS) as Subject[]).filter((subject) => present.has(subject))
}
