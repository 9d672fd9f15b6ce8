/** The input without what it can do without: runs of bytes are left out, the long ones first, while `holds` holds. */
export async function minimised(
  input: Buffer,
  holds: (candidate: Buffer) => boolean | Promise<boolean>,
  attempts: number,
): Promise<Buffer> {
  let least: Buffer = Buffer.from(input)
  let left = attempts
  for (let run = Math.max(1, least.length >> 1); ; run >>= 1) {
    for (let at = 0; at < least.length; ) {
      if (left-- <= 0) return least
      const candidate = Buffer.concat([least.subarray(0, at), least.subarray(at + run)])
      if (await holds(candidate)) least = candidate
      else at += run
    }
    if (run === 1) return least
  }
}
