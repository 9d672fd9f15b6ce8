/** The page that shows people how the daemon fares: one document without scripts, to be read, printed and reloaded. */
import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { age } from '../control/units.ts'
import { type Verdict, verdictOf } from '../control/verdict.ts'
import { clientsSection } from './clients-section.ts'
import { daemonSection } from './daemon-section.ts'
import { domainSection } from './domain-section.ts'
import { type Html, html, outside, raw } from './html.ts'
import { MARKS } from './refresh-plot.ts'
import { requestsSection } from './requests-section.ts'
import { STYLE } from './style.ts'
import { VERDICTS, verdictLine } from './verdict-line.ts'
import type { PageView } from './view.ts'
import { time, zone } from './words.ts'

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** Nothing is loaded or run but the style within: should markup of others ever get into the page, it stays markup. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
} as const

export function renderPage(view: PageView, host: string = hostname()): string {
  const { domains } = view.status
  const names = domains.map(({ name }) => name).join(', ')
  const verdict = verdictOf(view.status)
  const { markup } = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${VERDICTS[verdict.word]}: ${names} – ypldap on ${host}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>${raw(STYLE)}</style>
</head>
<body>
${header(view, host, verdict)}<main>
${MARKS}${domains.map((domain, index) => domainSection(idOf(index), domain, view))}${requestsSection(view)}${clientsSection(view)}${daemonSection(view)}</main>
</body>
</html>
`
  return markup
}

function header({ status }: PageView, host: string, verdict: Verdict): Html {
  const { now, started, version, domains } = status
  return html`<header>
<h1>NIS from ypldap on ${outside(host)}</h1>
${verdictLine(verdict)}<p class="note">As of ${time(now)} ${zone(now)}; reload the page for what is so now. ypldap ${version}, up ${age(Math.max(0, now - started))}.</p>
<nav aria-label="On this page">${domains.map(({ name }, index) => link(idOf(index), name))}${SECTIONS.map(([id, name]) => link(id, name))}</nav>
</header>
`
}

const SECTIONS = [
  ['requests', 'Requests'],
  ['clients', 'Who still uses NIS'],
  ['daemon', 'The daemon'],
] as const

function link(id: string, name: string): Html {
  return html`<a href="#${id}">${outside(name)}</a> `
}

/** Names have characters that ids do not. */
function idOf(index: number): string {
  return `domain-${index + 1}`
}
