import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LAB_DOMAIN, labFolder, requireLab } from './lab-host.ts'
import { runOrFail } from './lab-run.ts'

type Records = readonly (readonly [key: string, value: string])[]

const TOOLS = '/usr/lib/yp'
/** /var/yp/Makefile as the package ypserv brings it; that folder is empty on the private host. */
const MAKEFILE = '/usr/share/yp/templates/var_yp_Makefile'

// The Makefile's words for what is made of a file, where they are others than the file's name.
const TARGETS: Readonly<Record<string, string>> = { netgroup: 'netgrp', aliases: 'mail' }

/**
 * The maps that Debian's /var/yp/Makefile makes of these files, by their names in /etc, with its awk(1), mknetid,
 * revnetgroup and makedbm: without the keys that begin with YP_, in ascending order of the keys.
 */
export async function makeMaps(
  files: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, Records>>> {
  requireLab()
  const folder = labFolder('makefile')
  const sources = join(folder, 'etc')
  const maps = join(folder, LAB_DOMAIN)
  cpSync(MAKEFILE, join(folder, 'Makefile'))
  mkdirSync(sources)
  mkdirSync(maps)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(sources, name), text)
  await runOrFail('make', [
    '--silent',
    `--directory=${maps}`,
    '--makefile=../Makefile',
    `YPDIR=${folder}`,
    `YPSRCDIR=${sources}`,
    `YPPWDDIR=${sources}`,
    `ALIASES=${sources}/aliases`,
    // Its own -c tells ypserv to forget what it knew, and waits for one that does not run.
    `DBLOAD=${TOOLS}/makedbm -m lab`,
    ...Object.keys(files).map((name) => TARGETS[name] ?? name),
    // Of users, groups and hosts.
    ...(['passwd', 'group', 'hosts'].every((name) => name in files) ? ['netid'] : []),
  ])
  const entries = await Promise.all(
    readdirSync(maps).map(async (map) => [map, await recordsOf(join(maps, map))]),
  )
  return Object.fromEntries(entries)
}

async function recordsOf(file: string): Promise<Records> {
  const dump = await runOrFail(`${TOOLS}/makedbm`, ['-u', file])
  return dump
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('YP_'))
    .map((line) => {
      const tab = line.indexOf('\t')
      return [line.slice(0, tab), line.slice(tab + 1)] as const
    })
    .sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Runs of white space as one space, none at the ends: all that a map made of entries may have otherwise. */
export function squeezed(records: Records): Records {
  return records.map(([key, value]) => [key, value.replace(/\s+/g, ' ').trim()])
}
