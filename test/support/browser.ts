/** Chromium without a window, for pages that tests or pictures are made of. */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

/** Where Debian's package has it. */
export const CHROMIUM = '/usr/bin/chromium'

export const hasChromium: boolean = existsSync(CHROMIUM)

/** It asks nobody for anything of its own. Throws where there is no Chromium. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    // As root it has no sandbox; pages are ours.
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
