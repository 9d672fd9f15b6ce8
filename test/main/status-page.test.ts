/** The status page of the running daemon, in a browser. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasChromium, startBrowser } from '../support/browser.ts'
import { untilLogged } from '../support/lab-log.ts'
import { freePort } from '../support/lab-port.ts'
import { waitUntil } from '../support/lab-wait.ts'
import { openYpClient } from '../support/yp-client.ts'
import { DOMAIN, exampleLdif, portOf, serve, serving } from './command.ts'

/** An account that every Debian has, and that no other process has here. */
const USER = process.getuid?.() === 0 ? ['metrics user "games"'] : []

let browser: Browser

beforeAll(async () => {
  if (hasChromium) browser = await startBrowser()
}, 60_000)

afterAll(async () => {
  if (hasChromium) await browser.close()
})

test.runIf(hasChromium)('shows who asked for what, under a policy that it keeps', async () => {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}/`
  const ypldap = await serve(serving(exampleLdif(), `metrics listen 127.0.0.1 port ${port}`, ...USER))
  await untilLogged(ypldap, 'published')
  const client = await openYpClient({ transport: 'udp', port: portOf(ypldap.output()) })
  await client.match(DOMAIN, 'passwd.byname', 'alice')
  client.close()

  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('console', (message) => void complaints.push(message.text()))
  page.on('pageerror', (error) => void complaints.push(error.message))
  const row = page.locator('tr', { has: page.getByRole('rowheader', { name: '127.0.0.1', exact: true }) })
  // Who asks within a second of another has the other's answer.
  await waitUntil('it tells of the maps and of the call', async () => {
    await page.goto(url)
    return (await page.title()).startsWith(`All is well: ${DOMAIN}`) && (await row.count()) === 1
  })
  expect(await row.locator('td').allInnerTexts()).toEqual([
    expect.stringMatching(/ago|now/),
    expect.any(String),
    '1',
    'MATCH',
    'passwd.byname',
  ])
  const style = await page.evaluate<string>(`getComputedStyle(document.querySelector('caption')).textAlign`)
  expect(style).toBe('left')
  expect(complaints).toEqual([])

  const download = page.waitForEvent('download')
  await page.getByRole('link', { name: 'CSV' }).click()
  expect((await download).suggestedFilename()).toBe('nis-clients.csv')
})
