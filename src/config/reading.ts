import type { ServicePort } from './directory-header.ts'
import type { Macros } from './macros.ts'
import type { Place } from './next-statement.ts'
import type { Report } from './report.ts'

/** What statements are read with, and where they go. */
export interface Reading {
  readonly macros: Macros
  readonly report: Report
  readonly servicePort: ServicePort
  readonly place: Place
}
