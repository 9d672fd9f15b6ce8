/** Maps that the directory names: automount maps of RFC 2307bis, and nisMap and nisObject of RFC 2307. */
import type { BuiltinTable } from './builtin-maps.ts'

/** `map` is the template of a map's name. */
export interface FoundTable extends BuiltinTable {
  readonly map: string
  /** It may have the name of a map that ypldap brings along: who writes automount entries may not make users. */
  readonly any: boolean
}

/** Solaris writes auto_home, everybody else auto.home. */
export const AUTOMOUNT_NAMES: readonly string[] = ['auto.*', 'auto_*']

export const AUTOMOUNT_MAPS: readonly FoundTable[] = [
  { filter: '(objectClass=automountMap)', map: '{(automountMapName or ou) | first}', any: false },
  {
    filter: '(objectClass=automount)',
    map: '{parent | get (automountMapName or ou) | first}',
    any: false,
    key: '{automountKey or cn | first}',
    value: '{automountInformation | first}',
  },
]

export const NIS_OBJECT_MAPS: readonly FoundTable[] = [
  { filter: '(objectClass=nisMap)', map: '{nisMapName | first}', any: true },
  {
    filter: '(objectClass=nisObject)',
    map: '{nisMapName | first}',
    any: true,
    key: '{names cn}',
    value: '{nisMapEntry | first}',
  },
]

/** A map of one's own without templates: nisObject entries of its name. */
export function nisObjectTable(map: string): BuiltinTable {
  const name = map.replace(/[\\*()\0]/g, (c) => `\\${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return {
    filter: `(&(objectClass=nisObject)(nisMapName=${name}))`,
    key: '{names cn}',
    value: '{nisMapEntry | first}',
  }
}
