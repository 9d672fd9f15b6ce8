import { appendFileSync } from 'node:fs'

export interface Figure {
  /** of RELIABILITY.md */
  readonly goal: string
  /** what was measured, with its numbers */
  readonly text: string
}

/** Tells a figure of RELIABILITY.md to scripts/reliability, which names a file for them; on other runs to who looks. */
export function figure(goal: string, text: string): void {
  const file = process.env['YPLDAP_FIGURES']
  const one: Figure = { goal, text }
  if (file === undefined) console.log(`${goal}: ${text}`)
  else appendFileSync(file, `${JSON.stringify(one)}\n`)
}
