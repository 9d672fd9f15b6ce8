import type {
  AccessRule,
  Config,
  Field,
  Listen,
  Located,
  Location,
  MapName,
  Position,
  Source,
} from './config.ts'

/** What the statements of one directory block said; of repeated ones, the last. */
export interface DirectoryDraft {
  readonly at: Position
  label: string
  /** undefined when its header is a problem already told */
  location: Location | undefined
  required: boolean
  /** the `cafile` in force where the block begins */
  readonly ca: Located<string> | undefined
  binddn?: Located<string>
  bindcred?: Located<string>
  bindext?: Located<string>
  certfile?: Located<string>
  keyfile?: Located<string>
  basedn?: Located<string>
  groupdn?: Located<string>
  userFilter?: Located<string>
  groupFilter?: Located<string>
  pageSize?: Located<number>
  readonly fields: Partial<Record<Field, Source>>
  readonly damaged: Damaged
}

/** What the statements of all files said, before defaults and before anything that takes two of them to judge. */
export interface Draft {
  domain?: string
  interval?: number
  bind?: Config['bind']
  recordLimit?: number
  overflow?: Config['overflow']
  user?: Located<string>
  directoryUser?: Located<string>
  state?: string
  guardShrink?: number
  directoryMemory?: number
  expire?: Located<number>
  control?: Config['control']
  udpWorkers?: Config['udpWorkers']
  readonly maps: Located<MapName>[]
  readonly cafiles: Located<string>[]
  readonly listen: Listen[]
  readonly access: AccessRule[]
  readonly directories: DirectoryDraft[]
  readonly damaged: Damaged
}

/**
 * Statements that were meant to be there but could not be read, so that their absence is not reported as well;
 * `*` stands for one that may have been any.
 */
export type Damaged = Set<string>

export function emptyDraft(): Draft {
  return { maps: [], cafiles: [], listen: [], access: [], directories: [], damaged: new Set() }
}

/** A directory block that has said nothing yet. */
export function emptyDirectory(at: Position, ca: Located<string> | undefined): DirectoryDraft {
  return { at, label: '', location: undefined, required: false, ca, fields: {}, damaged: new Set() }
}

/** Whether a statement that is not in the draft is really absent from the file. */
export function isAbsent(damaged: Damaged, statement: string): boolean {
  return !damaged.has(statement) && !damaged.has('*')
}
