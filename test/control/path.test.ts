import { homedir } from 'node:os'
import { expect, test } from 'vitest'
import { controlPath, ROOT_CONTROL_PATH } from '../../src/control/path.ts'

const EVERYTHING = { XDG_RUNTIME_DIR: '/run/user/7', XDG_STATE_HOME: '/state', HOME: '/home/u' }

test("root's daemon has one place, whatever the environment says", () => {
  expect(controlPath(EVERYTHING, 0)).toBe(ROOT_CONTROL_PATH)
  expect(ROOT_CONTROL_PATH).toBe('/run/ypldap/control.sock')
})

test.each([
  ['the runtime directory', EVERYTHING, '/run/user/7/ypldap.sock'],
  ['without one the state directory', { ...EVERYTHING, XDG_RUNTIME_DIR: '' }, '/state/ypldap/control.sock'],
  ['without both the home directory', { HOME: '/home/u' }, '/home/u/.local/state/ypldap/control.sock'],
  ['without any what the host knows', {}, `${homedir()}/.local/state/ypldap/control.sock`],
  [
    'and no path that depends on where one is',
    { XDG_RUNTIME_DIR: 'run', XDG_STATE_HOME: 'state', HOME: '/home/u' },
    '/home/u/.local/state/ypldap/control.sock',
  ],
])('who is not root has it in %s', (_what, env, path) => {
  expect(controlPath(env, 1000)).toBe(path)
})
