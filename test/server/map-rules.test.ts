import { expect, test } from 'vitest'
import { guardOf, type MapRules, type ServedMap, UNGUARDED } from '../../src/server/map-rules.ts'
import { Served } from '../../src/server/served.ts'
import { imageOf, rows, user } from '../support/rows.ts'
import { HERE, ruleOf } from '../support/rules.ts'

const home = { name: 'auto.home', found: true, rows: [] }
const image = imageOf([{ ...rows([user()]), tables: [home] }], {
  maps: ['passwd.byname', 'shadow.byname', 'master.passwd.byname'],
})

const from = (last: number, reserved: boolean) => ({
  reserved,
  bytes: Uint8Array.of(192, 0, 2, last),
  start: 0,
  length: 4,
})

/** For whom a map is, of this host on any port and on a reserved one. */
function audience(map: ServedMap): string {
  if (map.isFor({ ...HERE, reserved: false })) return ''
  return map.isFor({ ...HERE, reserved: true }) ? ' secure' : ' hidden'
}

const shown = (guard = UNGUARDED) => guard(image.maps).map((map) => `${map.view.name}${audience(map)}`)

const open = (name: string) => ({ name, secure: false })

test('an image shows all its maps as it says where there are no rules', () => {
  expect(shown()).toEqual(['passwd.byname', 'shadow.byname', 'master.passwd.byname secure', 'auto.home'])
})

test('a map that is no longer provided is gone, and so are those that were found', () => {
  expect(shown(guardOf({ maps: [open('passwd.byname')], found: false }))).toEqual(['passwd.byname'])
  expect(shown(guardOf({ maps: [open('auto.home')], found: false }))).toEqual(['auto.home'])
  expect(shown(guardOf({ maps: [], found: true }))).toEqual(['auto.home'])
})

test('a map is guarded as soon as it is said to be, and never less than its image says', () => {
  const maps = [{ name: 'shadow.byname', secure: true }, open('master.passwd.byname')]
  expect(shown(guardOf({ maps, found: false }))).toEqual([
    'shadow.byname secure',
    'master.passwd.byname secure',
  ])
})

test('a map with rules of its own is for those whom they allow, and for a reserved port where it is secure', () => {
  const access = [ruleOf('allow 192.0.2.0/24')]
  const guard = guardOf({
    maps: [
      { name: 'passwd.byname', secure: false, access },
      { name: 'shadow.byname', secure: true, access },
      { name: 'master.passwd.byname', secure: false, access: [ruleOf('deny 127.0.0.1')] },
    ],
    found: false,
  })
  const maps = guard(image.maps)
  const of = (last: number, reserved: boolean) => maps.map((map) => map.isFor(from(last, reserved)))
  expect(of(1, true)).toEqual([true, true, false])
  expect(of(1, false)).toEqual([true, false, false])
  expect(maps.map((map) => map.isFor({ ...HERE, reserved: true }))).toEqual([true, true, false])
  expect(maps.map((map) => map.isFor({ ...from(1, true), bytes: Uint8Array.of(198, 51, 100, 1) }))).toEqual([
    false,
    false,
    false,
  ])
})

test('what is served follows the rules at once, whichever image comes', () => {
  const served = new Served()
  const domain = served.serve(image)
  const find = (name: string) => {
    const bytes = Buffer.from(name)
    return domain.maps?.find(bytes, { start: 0, length: bytes.length })
  }
  const isOpen = () => find('shadow.byname')?.isFor({ ...HERE, reserved: false })
  expect(isOpen()).toBe(true)
  const rules: MapRules = { maps: [{ name: 'shadow.byname', secure: true }], found: false }
  domain.restrict(rules)
  expect(isOpen()).toBe(false)
  expect(find('passwd.byname')).toBeUndefined()
  served.serve(image)
  expect(isOpen()).toBe(false)
  expect(domain.maps?.list.includes('passwd')).toBe(false)
})
