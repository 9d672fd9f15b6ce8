import type {
  AccessRule,
  Config,
  Field,
  IdMap,
  Listen,
  Located,
  Location,
  MetricsConfig,
  Overflow,
  Position,
  Schema,
  Source,
} from './config.ts'
import type { LimitKey } from './limit-table.ts'

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
  /** the path of a file that holds it */
  bindcredFile?: Located<string>
  bindext?: Located<string>
  certfile?: Located<string>
  keyfile?: Located<string>
  basedn?: Located<string>
  groupdn?: Located<string>
  userFilter?: Located<string>
  groupFilter?: Located<string>
  pageSize?: Located<number>
  schema?: Schema
  idmap?: Located<IdMap>
  readonly fields: Partial<Record<Field, Source>>
  readonly damaged: Damaged
}

/** What the statements of one map block said. */
export interface MapDraft {
  readonly at: Position
  /** '' when it was refused */
  readonly name: string
  base?: Located<string>
  filter?: Located<string>
  each?: Located<string>
  key?: Located<string>
  aliases?: Located<string>
  value?: Located<string>
  recordLimit?: Located<number>
  overflow?: Overflow
  secure?: boolean
  readonly access: AccessRule[]
  readonly damaged: Damaged
}

/** A rule, or what stands for those of a file. */
export type AccessDraft = AccessRule | SecurenetsDraft

export interface SecurenetsDraft {
  /** its path */
  readonly securenets: Located<string>
}

/** What the statements of one domain said, before defaults and before anything that takes two of them to judge. */
export interface DomainDraft {
  interval?: number
  recordLimit?: Located<number>
  overflow?: Overflow
  guardShrink?: number
  minimumUid?: number
  minimumGid?: number
  refusedNames?: readonly string[]
  expire?: Located<number>
  readonly maps: Located<string>[]
  /** of `provide maps` */
  readonly groups: Set<string>
  readonly mapBlocks: MapDraft[]
  readonly cafiles: Located<string>[]
  readonly access: AccessDraft[]
  readonly directories: DirectoryDraft[]
  readonly damaged: Damaged
}

/** What a `domain` block said. */
export interface BlockDraft extends DomainDraft {
  /** the `domain` word */
  readonly at: Position
  /** undefined when it was refused, which is told */
  domain?: string
}

/** The same of all files: a domain's statements may stand there without a block, and are then defaults of blocks. */
export interface Draft extends DomainDraft {
  domain?: Located<string>
  bind?: Config['bind']
  user?: Located<string>
  directoryUser?: Located<string>
  metricsUser?: Located<string>
  state?: string
  directoryMemory?: number
  control?: Config['control']
  udpWorkers?: Config['udpWorkers']
  portmapper?: NonNullable<Config['portmapper']>
  readonly limits: Partial<Record<LimitKey, number>>
  readonly listen: Listen[]
  readonly metrics: Located<MetricsConfig['listen'][number]>[]
  readonly blocks: BlockDraft[]
}

/**
 * Statements that were meant to be there but could not be read, so that their absence is not reported as well;
 * `*` stands for one that may have been any.
 */
export type Damaged = Set<string>

export function emptyDraft(): Draft {
  return { ...emptyDomain(), limits: {}, listen: [], metrics: [], blocks: [] }
}

/** A domain of which nothing has been said yet. */
export function emptyDomain(): DomainDraft {
  return {
    maps: [],
    groups: new Set(),
    mapBlocks: [],
    cafiles: [],
    access: [],
    directories: [],
    damaged: new Set(),
  }
}

export function emptyMap(at: Position, name: string): MapDraft {
  return { at, name, access: [], damaged: new Set() }
}

export function emptyBlock(at: Position): BlockDraft {
  return { ...emptyDomain(), at }
}

/** A directory block that has said nothing yet. */
export function emptyDirectory(at: Position, ca: Located<string> | undefined): DirectoryDraft {
  return { at, label: '', location: undefined, required: false, ca, fields: {}, damaged: new Set() }
}

/** Whether a statement that is not in the draft is really absent from the file. */
export function isAbsent(damaged: Damaged, statement: string): boolean {
  return !damaged.has(statement) && !damaged.has('*')
}
