/** Targets with a fault each, to see that it is found. */
import { Refused, type Target, textSeeds } from '../target.ts'

const kept: Buffer[] = []

function nested(bytes: Buffer): void {
  if (bytes.length < 4) throw new Refused()
  if (bytes[0] === 0x66) {
    if (bytes[1] === 0x75) {
      if (bytes[2] === 0x7a) {
        if (bytes[3] === 0x21) throw new TypeError('the bottom of four conditions')
      }
    }
  }
}

const planted = (name: string, run: (bytes: Buffer) => void, seed = 'seed seed'): Target => ({
  name: `planted/${name}`,
  seeds: textSeeds(seed, ''),
  refusals: [Refused],
  longest: 64,
  run,
})

export const targets: readonly Target[] = [
  planted('nested', nested, 'seed'),
  planted('throws', (bytes) => {
    if (bytes.includes('\0')) throw new RangeError('a NUL')
  }),
  planted('slow', (bytes) => {
    if (bytes.length >= 4) return
    for (const began = process.threadCpuUsage(); process.threadCpuUsage(began).user < 120_000; );
  }),
  planted('loops', (bytes) => {
    while (bytes.length < 4);
  }),
  planted('eats', (bytes) => {
    const eaten: unknown[] = []
    while (bytes.length < 4) eaten.push([...Array(1000).keys()])
  }),
  planted('leaks', (bytes) => {
    kept.push(Buffer.from(`${bytes.length} ${'leak'.repeat(99)}`))
  }),
  planted('right', (bytes) => {
    if (bytes.includes('\0')) throw new Refused()
  }),
]
