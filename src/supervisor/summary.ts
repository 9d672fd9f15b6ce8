/** How all domains fare, in a line for systemctl(1). */
import type { ServedImage } from './server-side.ts'

export function summaryOf(
  domains: readonly (readonly [name: string, image: ServedImage | undefined])[],
): string {
  if (domains.length === 1) return domains.map(described).join('')
  const lacking = domains.filter(([, image]) => image === undefined).map(([name]) => name)
  const served = domains.length - lacking.length
  const users = domains.reduce((sum, [, image]) => sum + (image?.users ?? 0), 0)
  const without = lacking.length === 0 ? '' : `; no maps yet: ${lacking.join(', ')}`
  return `${served} of ${domains.length} domains, ${users} users${without}`
}

function described([name, image]: readonly [string, ServedImage | undefined]): string {
  if (image === undefined) return `${name}: no maps yet`
  return `${name}: ${image.users} users and ${image.groups} groups, generation ${image.generation}`
}
