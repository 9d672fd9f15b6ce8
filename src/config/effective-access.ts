import { formatAddress } from '../address.ts'
import type { AccessRule } from './config.ts'
import { quoted } from './quoted.ts'

/** One rule as ypldap.conf says it; `any` is two of them. */
export function accessLine({ verdict, prefix, bits, reserved }: AccessRule): string {
  return `${verdict} from ${quoted(`${formatAddress(prefix)}/${bits}`)}${reserved ? ' port reserved' : ''}`
}
