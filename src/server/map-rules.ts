/** Which maps of an image are served, and to whom: what the configuration says counts at once, not with the next image. */
import type { AccessRule } from '../config/config.ts'
import type { MapView } from '../maps/image.ts'
import { AccessList, type Origin } from './access-list.ts'
import type { Row } from './tally.ts'

export interface MapRules {
  /** those that are provided; an image made for an older configuration may have others */
  readonly maps: readonly MapRule[]
  /** so are those that the directory names */
  readonly found: boolean
}

export interface MapRule {
  readonly name: string
  /** only for callers on a reserved port */
  readonly secure: boolean
  /** the map's own; without them it is for all who may ask for its domain */
  readonly access?: readonly AccessRule[] | undefined
}

export class ServedMap {
  readonly view: MapView
  /** where its calls are counted, from when it is first asked for */
  row: Row | undefined
  readonly #secure: boolean
  readonly #access: AccessList | undefined

  /** A map is never less guarded than its image says. */
  constructor(view: MapView, secure = false, access?: AccessList) {
    this.view = view
    this.#secure = secure || view.secure
    this.#access = access
  }

  /** It exists for everyone who may ask for its domain, and is empty for those whom it is not for. */
  isFor(caller: Origin): boolean {
    return (caller.reserved || !this.#secure) && (this.#access === undefined || this.#access.allows(caller))
  }
}

/** What becomes of the maps of images; without rules all are served as they are. */
export type Guard = (maps: readonly MapView[]) => readonly ServedMap[]

export const UNGUARDED: Guard = (maps) => maps.map((view) => new ServedMap(view))

export function guardOf({ maps: rules, found }: MapRules): Guard {
  const provided = new Map(
    rules.map(({ name, secure, access }) => [name, { secure, list: access && new AccessList(access) }]),
  )
  return (maps) =>
    maps.flatMap((view) => {
      const rule = provided.get(view.name)
      if (rule !== undefined) return [new ServedMap(view, rule.secure, rule.list)]
      return view.found && found ? [new ServedMap(view)] : []
    })
}
