import type { Problem } from './config.ts'

/** `file:line:column: what is wrong, and what was expected`; further lines of it begin with blanks. */
export function formatProblem(problem: Problem): string {
  const { file, line, column } = problem.at
  return `${file}:${line}:${column}: ${problem.message.replaceAll('\n', '\n  ')}`
}

/** The first line of such a text. */
export function headOf(problem: string): string {
  return problem.replace(/:?\n[^]*$/, '')
}
