import type { Problem } from './config.ts'

/** `file:line:column: what is wrong, and what was expected` */
export function formatProblem(problem: Problem): string {
  const { file, line, column } = problem.at
  return `${file}:${line}:${column}: ${problem.message}`
}
