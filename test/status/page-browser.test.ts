/** The page as a browser has it, served under its own headers. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { pageHeaders, renderPage } from '../../src/status/page.ts'
import { hasChromium, startBrowser } from '../support/browser.ts'
import { contrast } from '../support/contrast.ts'
import { pageOf } from './page-of-text.ts'
import { NEW_VIEW, PAGE_VIEW } from './page-sample.ts'

const LONG = 'x'.repeat(250)
const HOSTILE = `</title></style></svg></td>"'><script>document.title='run'</script><img src="http://192.0.2.1/" onerror="document.title='run'"><style>*{display:none}</style>&lt;\u202e`

const PAGES: Readonly<Record<string, string>> = {
  '/day': renderPage(PAGE_VIEW, 'nis1.example.com'),
  '/new': renderPage(NEW_VIEW, 'nis1.example.com'),
  '/plain': pageOf('x'),
  '/long': pageOf(LONG),
  '/hostile': pageOf(HOSTILE),
}

let browser: Browser
let server: Server
let origin: string
const pages: Page[] = []
/** What the browser complained of, and whatever it asked for but the pages. */
let complaints: string[] = []

beforeAll(async () => {
  if (!hasChromium) return
  server = createServer((request, response) => {
    const page = PAGES[request.url ?? '']
    if (page === undefined) response.writeHead(404).end()
    else response.writeHead(200, pageHeaders).end(page)
  })
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  browser = await startBrowser()
}, 60_000)

afterEach(async () => {
  await Promise.all(pages.splice(0).map((page) => page.context().close()))
  complaints = []
})

afterAll(async () => {
  if (!hasChromium) return
  await browser.close()
  server.close()
})

async function open(path: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  pages.push(page)
  page.on('console', (message) => void complaints.push(message.text()))
  page.on('pageerror', (error) => void complaints.push(error.message))
  page.on('request', (request) => {
    if (request.url() !== origin + path) complaints.push(request.url())
  })
  const response = await page.goto(origin + path)
  expect(response?.status()).toBe(200)
  return page
}

/** Tags and names of attributes, as the browser made them of the page. */
const OUTLINE = `[...document.querySelectorAll('*:not(wbr)')].map((element) => [element.localName, ...element.getAttributeNames()].join(' '))`

describe.runIf(hasChromium)('in Chromium', () => {
  test.each(Object.keys(PAGES))('%s asks for nothing, runs nothing and violates no policy', async (path) => {
    const page = await open(path)
    expect(complaints).toEqual([])
    expect(await page.title()).not.toBe('run')
    expect(await page.locator('script, img, iframe, link, form, input, button').count()).toBe(0)
  })

  test('a policy that is violated would be told of', async () => {
    const page = await open('/day')
    await page.evaluate(`document.body.insertAdjacentHTML('beforeend', '<p style="color: red">')`)
    expect(complaints.join()).toContain('Content Security Policy')
  })

  test('the style is in force', async () => {
    const page = await open('/day')
    expect(await page.evaluate(`getComputedStyle(document.querySelector('.number')).textAlign`)).toBe('right')
  })

  test('hostile text makes no element, and stays where it is', async () => {
    const [plain, hostile] = [await open('/plain'), await open('/hostile')]
    expect(await hostile.evaluate(OUTLINE)).toEqual(await plain.evaluate(OUTLINE))
    expect(await hostile.locator('h1').innerText()).toContain(HOSTILE)
  })

  test.each(Object.keys(PAGES))('%s is no wider than any window', async (path) => {
    const page = await open(path)
    const widths: number[] = []
    for (const width of [360, 768, 1280]) {
      await page.setViewportSize({ width, height: 800 })
      widths.push(await page.evaluate<number>('document.documentElement.scrollWidth'))
    }
    expect(widths).toEqual([360, 768, 1280])
  })

  test('a table that is wider than a narrow window scrolls in its own box, by the keyboard too', async () => {
    const page = await open('/day', { viewport: { width: 360, height: 800 } })
    const box = page.locator('.scroll', { has: page.locator('#client-table') })
    await box.focus()
    await page.keyboard.press('End')
    await page.keyboard.press('ArrowRight')
    await expect
      .poll(() => box.evaluate((element: { scrollLeft: number }) => element.scrollLeft))
      .toBeGreaterThan(0)
  })

  test('tables and plots are there without JavaScript', async () => {
    const page = await open('/day', { javaScriptEnabled: false })
    const clients = page.locator('table', { has: page.locator('#client-table') })
    expect(await clients.locator('tbody tr').count()).toBe(PAGE_VIEW.clients!.length)
    expect(await page.locator('svg[role=img]').count()).toBe(4)
    expect(await page.locator('svg[role=img] .line').first().isVisible()).toBe(true)
  })

  test('plots are drawn within their figures', async () => {
    const page = await open('/day', { viewport: { width: 360, height: 800 } })
    const beyond = await page.evaluate(`[...document.querySelectorAll('svg.plot *')].filter((element) => {
      const { left, right } = element.getBoundingClientRect()
      return left < 0 || right > innerWidth
    }).length`)
    expect(beyond).toBe(0)
  })

  test('nothing scrolls on paper, and it is white', async () => {
    const page = await open('/day', { viewport: { width: 700, height: 900 }, colorScheme: 'dark' })
    await page.emulateMedia({ media: 'print' })
    expect(await page.evaluate(`getComputedStyle(document.querySelector('.scroll')).overflowX`)).toBe(
      'visible',
    )
    expect(await page.evaluate('getComputedStyle(document.documentElement).backgroundColor')).toBe(
      'rgb(255, 255, 255)',
    )
  })

  describe.each(['light', 'dark'] as const)('in a %s theme', (colorScheme) => {
    test('text stands out by 4.5 to 1, and what is drawn by 3 to 1', async () => {
      const page = await open('/day', { colorScheme })
      const { ground, texts, marks } = await page.evaluate<Colours>(COLOURS)
      expect(texts.length).toBeGreaterThan(4)
      expect(texts.filter((colour) => contrast(colour, ground) < 4.5)).toEqual([])
      expect(marks.length).toBeGreaterThan(1)
      expect(marks.filter((colour) => contrast(colour, ground) < 3)).toEqual([])
    })
  })

  test('the themes differ', async () => {
    const grounds = []
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await open('/day', { colorScheme })
      grounds.push((await page.evaluate<Colours>(COLOURS)).ground)
    }
    expect(contrast(grounds[0]!, grounds[1]!)).toBeGreaterThan(10)
  })

  describe.each(['/day', '/new'])('%s can be used without being seen', (path) => {
    test('tables, drawings and sections say what they are', async () => {
      const page = await open(path)
      const found: string[] = []
      for (const selector of NAMELESS) {
        if ((await page.locator(selector).count()) > 0) found.push(selector)
      }
      expect(found).toEqual([])
      expect(await page.locator('table, svg, section').count()).toBeGreaterThan(4)
    })

    test('whatever is referred to is there once', async () => {
      const page = await open(path)
      const { ids, references } = await page.evaluate<References>(REFERENCES)
      expect(new Set(ids).size).toBe(ids.length)
      expect(references.length).toBeGreaterThan(4)
      expect(references.filter((id) => !ids.includes(id))).toEqual([])
    })

    test('headings leave out no level', async () => {
      const page = await open(path)
      const levels = await page.evaluate<readonly number[]>(
        `[...document.querySelectorAll('h1, h2, h3, h4')].map(({ localName }) => Number(localName[1]))`,
      )
      expect(levels.filter((level) => level === 1)).toHaveLength(1)
      expect(levels.filter((level, index) => level > (levels[index - 1] ?? 0) + 1)).toEqual([])
    })

    test('it says its language, and where its main part is', async () => {
      const page = await open(path)
      expect(await page.locator('html').getAttribute('lang')).toBe('en')
      expect(await page.locator('main, header, nav').count()).toBe(3)
    })
  })
})

/** What has no name, or can't be reached. */
const NAMELESS = [
  'table:not(:has(> caption:first-child:not(:empty)))',
  'th:not([scope])',
  'svg:not([aria-hidden=true]):not([role=img])',
  'svg[role=img]:not(:has(> title + desc))',
  '.scroll:not([tabindex="0"][role=region][aria-labelledby])',
  'section:not([aria-labelledby]:has(> h2))',
]

interface References {
  readonly ids: readonly string[]
  readonly references: readonly string[]
}

const REFERENCES = `({
  ids: [...document.querySelectorAll('[id]')].map(({ id }) => id),
  references: [
    ...[...document.querySelectorAll('[aria-labelledby]')].flatMap((one) => one.getAttribute('aria-labelledby').split(' ')),
    ...[...document.querySelectorAll('[href^="#"]')].map((one) => one.getAttribute('href').slice(1)),
  ],
})`

interface Colours {
  readonly ground: string
  readonly texts: readonly string[]
  readonly marks: readonly string[]
}

/** Each colour once: of text, and of what is drawn to be read. No element has a ground of its own. */
const COLOURS = `(() => {
  const styles = (selector) => [...document.querySelectorAll(selector)].map((element) => [element, getComputedStyle(element)])
  const hasText = ([element]) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '')
  const all = styles('body *:not(title, desc)').filter(hasText)
  return {
    ground: getComputedStyle(document.documentElement).backgroundColor,
    texts: [...new Set(all.map(([element, style]) => element.localName === 'text' ? style.fill : style.color))],
    marks: [...new Set(styles('.line, .published, .trashed').map(([, style]) => style.fill === 'none' ? style.stroke : style.fill))],
  }
})()`
