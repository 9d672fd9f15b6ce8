/** `ypldapctl explain user NAME`: what the directories have of a user, and what the maps have of it. */
import type { DomainStatus } from '../messages/control.ts'
import { visible } from '../visible.ts'
import { ask } from './client.ts'
import type { Findings, Records } from './operations.ts'
import { age } from './units.ts'

type Finding = Findings[number]

/** What one map has. */
export interface MapAnswer {
  readonly map: string
  readonly key: string
  /** the value, one character a byte; null: there is no such key */
  readonly value: string | null
}

export interface Explanation {
  readonly user: string
  readonly domain: string
  readonly findings: readonly Finding[]
  readonly maps: readonly MapAnswer[]
  /** names of groups, whose lines name the user, or whose gid is that of the user */
  readonly groups: readonly string[]
  /** whether users of NIS see the user */
  readonly isThere: boolean
  /** what is to be said when the maps are not what the directories have */
  readonly late: string
}

const BY_NAME = ['passwd.byname', 'master.passwd.byname', 'shadow.byname', 'passwd.adjunct.byname']
const BY_UID = ['passwd.byuid', 'master.passwd.byuid']

/** `status` is that of the domain. Throws what asking throws. */
export async function explain(
  socket: string,
  user: string,
  status: DomainStatus,
  now: number,
): Promise<Explanation> {
  const { name: domain, image } = status
  const findings: Finding[] = []
  for await (const part of ask(socket, { kind: 'explain', domain, name: user })) {
    if (part.kind === 'finding') findings.push(part.finding)
  }
  const secure = new Map(image?.maps.map((map) => [map.name, map.secure]))
  const key = Buffer.from(user, 'utf8').toString('latin1')
  const look = async (names: readonly string[], key: string): Promise<readonly MapAnswer[]> => {
    const answers: MapAnswer[] = []
    for (const map of names.filter((name) => secure.has(name))) {
      const value = await valueOf(socket, domain, map, key)
      answers.push({ map, key, value: value !== null && secure.get(map) === true ? HIDDEN : value })
    }
    return answers
  }
  const named = await look(BY_NAME, key)
  const row = findings.find(({ reasons }) => reasons.length === 0)?.row ?? ''
  const line =
    named.find(({ map }) => map === 'passwd.byname')?.value ?? Buffer.from(row, 'utf8').toString('latin1')
  const [, , uid = '', gid = ''] = line.split(':')
  const numbered =
    uid === ''
      ? []
      : [...(await look(BY_UID, uid)), ...(await look(['netid.byname'], `unix.${uid}@${domain}`))]
  const maps = [...named, ...numbered]
  const isThere = named.some(({ map, value }) => map === 'passwd.byname' && value !== null)
  return {
    user,
    domain,
    findings,
    maps,
    groups: isThere && secure.has('group.byname') ? await groupsOf(socket, domain, key, gid) : [],
    isThere,
    late: lateness(findings, line, isThere, status, now),
  }
}

/** Of maps with hashes. */
const HIDDEN = '(not shown)'

async function valueOf(socket: string, domain: string, map: string, key: string): Promise<string | null> {
  try {
    for await (const part of ask(socket, { kind: 'match', domain, map, key })) {
      if (part.kind === 'records') return part.records[0]?.value ?? null
    }
    return null
  } catch (error) {
    if ((error as Error).message.startsWith('no such key')) return null
    throw error
  }
}

async function groupsOf(
  socket: string,
  domain: string,
  user: string,
  gid: string,
): Promise<readonly string[]> {
  const names: string[] = []
  const note = (records: Records) => {
    for (const { value } of records) {
      const [name = '', , id = '', members = ''] = value.split(':')
      if (id === gid || members.split(',').includes(user))
        names.push(Buffer.from(name, 'latin1').toString('utf8'))
    }
  }
  for await (const part of ask(socket, { kind: 'cat', domain, map: 'group.byname' })) {
    if (part.kind === 'records') note(part.records)
  }
  return names
}

/** What is served was read before, and the directories were read now. */
function lateness(
  findings: readonly Finding[],
  line: string,
  isThere: boolean,
  { image, next, last }: DomainStatus,
  now: number,
): string {
  const good = findings.find(({ row, reasons }) => row !== '' && reasons.length === 0)
  const served = Buffer.from(line, 'latin1').toString('utf8')
  const isSame =
    good === undefined ? !isThere : isThere && withoutPassword(good.row) === withoutPassword(served)
  if (isSame) return ''
  if (image === null) return `nothing is served yet${last?.reason ? `: ${last.reason}` : ''}`
  const what = good === undefined ? 'still there' : isThere ? 'of before the last change' : 'not there yet'
  const when = next > now ? `, which comes in ${age(next - now)}` : ''
  const failed = last?.outcome === 'trashed' ? `; the last refresh was thrown away: ${last.reason}` : ''
  return `${what}, as the maps are ${age(Math.max(0, now - image.fresh))} old: the next refresh${when}, or "ypldapctl refresh", changes that${failed}`
}

function withoutPassword(line: string): string {
  return line.split(':').toSpliced(1, 1).join(':')
}

const WIDTH = 22

function row(name: string, text: string): string {
  return `  ${visible(name).padEnd(WIDTH)}  ${visible(text)}`
}

export function explanationText(explanation: Explanation): string {
  const { user, domain, findings, maps, groups, isThere, late } = explanation
  const lines = [visible(`${user} is ${isThere ? '' : 'not '}in the maps of ${domain}`)]
  if (late !== '') lines.push(visible(late))
  for (const { directory, dn, attributes, row: line, reasons } of findings) {
    lines.push('', visible(dn === '' ? directory : `${directory}: ${dn}`))
    for (const { name, values } of attributes) for (const value of values) lines.push(row(name, value))
    if (line !== '') lines.push(row('-> passwd', line))
    for (const reason of reasons) lines.push(row('-> missing', reason))
  }
  if (maps.length > 0) lines.push('', 'what is served')
  for (const { map, key, value } of maps) {
    const text = value === null ? `no key ${key}` : value
    lines.push(row(map, Buffer.from(text, 'latin1').toString('utf8')))
  }
  if (groups.length > 0) lines.push(row('group.byname', groups.join(' ')))
  return `${lines.join('\n')}\n`
}

/** An object for each entry, and one for each map that was asked. */
export function explanationObjects({ findings, maps, groups, ...rest }: Explanation): readonly object[] {
  const { isThere, late, ...who } = rest
  return [
    { ...who, served: isThere, late, groups },
    ...findings,
    ...maps.map(({ map, key, value }) => ({
      map,
      key: Buffer.from(key, 'latin1').toString('utf8'),
      value: value === null ? null : Buffer.from(value, 'latin1').toString('utf8'),
    })),
  ]
}
