/** Which maps of an image are served: what the configuration withdraws goes at once, not with the next image. */
import type { MapView } from '../maps/image.ts'

export interface MapRules {
  /** those that are provided; an image made for an older configuration may have others */
  readonly maps: readonly { readonly name: string; readonly secure: boolean }[]
  /** so are those that the directory names */
  readonly found: boolean
}

/** A map is never less guarded than its image says. Without rules all are served as they are. */
export function mapsUnder(rules: MapRules | undefined, maps: readonly MapView[]): readonly MapView[] {
  if (rules === undefined) return maps
  const provided = new Map(rules.maps.map(({ name, secure }) => [name, secure]))
  return maps.flatMap((map) => {
    const secure = provided.get(map.name)
    if (secure === undefined) return map.found && rules.found ? [map] : []
    return [secure ? map.secured() : map]
  })
}
