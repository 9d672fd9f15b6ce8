import { parseAddress } from '../../src/address.ts'
import type { AccessRule } from '../../src/config/config.ts'

/** Loopback, of a caller who is answered where there are no rules. */
export const HERE = { bytes: Uint8Array.of(127, 0, 0, 1), start: 0, length: 4 }

/** `allow 192.0.2.0/24` or `deny ::1 reserved`: a rule as the configuration has it. */
export function ruleOf(text: string): AccessRule {
  const [verdict = '', net = '', port] = text.split(' ')
  const [address = '', bits] = net.split('/')
  const prefix = parseAddress(address)
  if (prefix === undefined || (verdict !== 'allow' && verdict !== 'deny')) throw new Error(`no rule: ${text}`)
  return {
    verdict,
    prefix,
    bits: bits === undefined ? prefix.length * 8 : Number(bits),
    reserved: port === 'reserved',
  }
}
