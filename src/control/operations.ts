/** What the control socket can ask of the daemon. */
import type { LogLevel } from '../log.ts'
import type { Answer, Status } from '../messages/control.ts'
import type { PackedClients, RequestCount } from '../messages/usage.ts'

type Part<K extends Answer['kind']> = Extract<Answer, { kind: K }>

/** entries so far of one directory, and milliseconds since its reading began */
export type Progress = Omit<Part<'progress'>, 'kind'>
export type Records = Part<'records'>['records']
export type RejectedRows = Part<'rows'>['rows']
export type Findings = readonly Part<'finding'>['finding'][]
export type MapStates = Part<'maps'>['maps']

/** An error's message is for whoever asked. A domain need not be named where there is but one. Generators give the next part when the last has been taken. */
export interface Operations {
  readonly status: () => Promise<Status>
  /** Of one directory, when it is named. Resolves when what it published is served. */
  readonly refresh: (
    request: { readonly domain?: string; readonly force: boolean; readonly directory?: string },
    progress: (progress: Progress) => void,
  ) => Promise<void>
  /** What is wrong with the configuration: nothing, when it is in force now. */
  readonly reload: () => Promise<readonly string[]>
  readonly check: () => Promise<readonly string[]>
  readonly setLevel: (level: LogLevel) => void
  /** undefined while nothing is served */
  readonly maps: (domain: string | undefined) => MapStates | undefined
  readonly match: (domain: string | undefined, map: string, key: string) => AsyncGenerator<Records>
  readonly cat: (domain: string | undefined, map: string) => AsyncGenerator<Records>
  readonly rejected: (domain: string | undefined) => AsyncGenerator<RejectedRows>
  /** What the directories have of a user now, and what becomes of it. */
  readonly explain: (domain: string | undefined, name: string) => Promise<Findings>
  /** Of all domains: what was asked for since the server process was started… */
  readonly usage: () => AsyncGenerator<readonly RequestCount[]>
  /** …and by whom, also before; the one last seen first. */
  readonly clients: () => AsyncGenerator<PackedClients>
  readonly stop: () => void
}
