/** Where the control socket is, when nobody says otherwise: the daemon and ypldapctl must agree. */
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

export const ROOT_CONTROL_PATH = '/run/ypldap/control.sock'

export function controlPath(env: NodeJS.ProcessEnv = process.env, uid = process.geteuid?.()): string {
  if (uid === 0) return ROOT_CONTROL_PATH
  const { XDG_RUNTIME_DIR: runtime = '', XDG_STATE_HOME: state = '', HOME: home = '' } = env
  // XDG Base Directory Specification: a path that is not absolute is as good as none.
  if (isAbsolute(runtime)) return join(runtime, 'ypldap.sock')
  if (isAbsolute(state)) return join(state, 'ypldap/control.sock')
  return join(isAbsolute(home) ? home : homedir(), '.local/state/ypldap/control.sock')
}
