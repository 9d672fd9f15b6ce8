/** Where the control socket is, when nobody says otherwise: the daemon and ypldapctl must agree. */
import { homedir } from 'node:os'
import { join } from 'node:path'

export const ROOT_CONTROL_PATH = '/run/ypldap.sock'

export function controlPath(env: NodeJS.ProcessEnv = process.env, uid = process.geteuid?.()): string {
  if (uid === 0) return ROOT_CONTROL_PATH
  const { XDG_RUNTIME_DIR: runtime, XDG_STATE_HOME: state } = env
  if (runtime !== undefined && runtime !== '') return join(runtime, 'ypldap.sock')
  return join(state || join(env['HOME'] || homedir(), '.local/state'), 'ypldap', 'control.sock')
}
