/** Takes the pictures of the status page; scripts/screenshots says of what, and makes them small. */
import { join } from 'node:path'
import { renderPage } from '../src/status/page.ts'
import type { PageView } from '../src/status/view.ts'
import { PAGE_VIEW } from '../test/status/page-sample.ts'
import { startBrowser } from '../test/support/browser.ts'

/** Of all clients the picture needs a few. */
const VIEW: PageView = { ...PAGE_VIEW, clients: PAGE_VIEW.clients!.filter((_, index) => index % 4 === 0) }

/** Pixels; and the last figure that is shown of the page, which is longer. */
const SIZES = [
  ['wide', 1200, '#latency-title'],
  ['narrow', 360, '#domain-1-rejected'],
] as const

const folder = process.argv[2]
if (folder === undefined) throw new Error('usage: screenshots.ts FOLDER')
const browser = await startBrowser()
for (const [size, width, last] of SIZES) {
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme })
    await page.setContent(renderPage(VIEW, 'nis1.example.com'))
    const box = await page.locator('figure, .scroll', { has: page.locator(last) }).boundingBox()
    const height = box!.y + box!.height + 24
    const path = (what: string) => join(folder, `${what}-${size}-${colorScheme}.png`)
    await page.screenshot({ path: path('status'), fullPage: true, clip: { x: 0, y: 0, width, height } })
    if (size === 'wide') {
      await page.locator('section', { has: page.locator('#clients') }).screenshot({ path: path('clients') })
    }
    await page.close()
  }
}
await browser.close()
