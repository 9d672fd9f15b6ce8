import { expect, test } from 'vitest'
import { mapsUnder } from '../../src/server/map-rules.ts'
import { Served } from '../../src/server/served.ts'
import { imageOf, rows, user } from '../support/rows.ts'

const home = { name: 'auto.home', found: true, rows: [] }
const image = imageOf([{ ...rows([user()]), tables: [home] }], {
  maps: ['passwd.byname', 'shadow.byname', 'master.passwd.byname'],
})

const shown = (...args: Parameters<typeof mapsUnder>) =>
  mapsUnder(...args).map(({ name, secure }) => `${name}${secure ? ' secure' : ''}`)

const open = (name: string) => ({ name, secure: false })

test('an image shows all its maps as it says where there are no rules', () => {
  expect(shown(undefined, image.maps)).toEqual([
    'passwd.byname',
    'shadow.byname',
    'master.passwd.byname secure',
    'auto.home',
  ])
})

test('a map that is no longer provided is gone, and so are those that were found', () => {
  expect(shown({ maps: [open('passwd.byname')], found: false }, image.maps)).toEqual(['passwd.byname'])
  expect(shown({ maps: [open('auto.home')], found: false }, image.maps)).toEqual(['auto.home'])
  expect(shown({ maps: [], found: true }, image.maps)).toEqual(['auto.home'])
})

test('a map is guarded as soon as it is said to be, and never less than its image says', () => {
  const maps = [{ name: 'shadow.byname', secure: true }, open('master.passwd.byname')]
  expect(shown({ maps, found: false }, image.maps)).toEqual([
    'shadow.byname secure',
    'master.passwd.byname secure',
  ])
})

test('what is served follows the rules at once, whichever image comes', () => {
  const served = new Served()
  const domain = served.serve(image)
  const find = (name: string) => {
    const bytes = Buffer.from(name)
    return domain.maps?.find(bytes, { start: 0, length: bytes.length })
  }
  expect(find('shadow.byname')?.secure).toBe(false)
  domain.restrict({ maps: [{ name: 'shadow.byname', secure: true }], found: false })
  expect(find('shadow.byname')?.secure).toBe(true)
  expect(find('passwd.byname')).toBeUndefined()
  served.serve(image)
  expect(find('shadow.byname')?.secure).toBe(true)
  expect(domain.maps?.list.includes('passwd')).toBe(false)
})
