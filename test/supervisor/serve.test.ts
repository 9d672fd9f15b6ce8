import { expect, test, vi } from 'vitest'
import type { Config } from '../../src/config/config.ts'
import { createLogger } from '../../src/log.ts'
import { serve } from '../../src/supervisor/serve.ts'

// The parent of a worker is not to be told that it has come to its end.
vi.mock('../../src/supervisor/background.ts', () => ({ tellParent: () => {} }))

test('a fault of our own at the start is a start that failed, and says where it came from', async () => {
  const lines: string[] = []
  const logger = createLogger({ level: 'info', prefixed: false, write: (line) => void lines.push(line) })
  const config = new Proxy({} as Config, {
    get() {
      throw new TypeError('what nobody thought of')
    },
  })
  const source = { program: '/nowhere', file: '/nowhere', macros: new Map() }
  expect(await serve({ source, config, logger, level: 'info' })).toBe(false)
  logger.flush()
  expect(lines.join('')).toMatch(/TypeError: what nobody thought of.*serve\.test\.ts.*\[internal\]/)
})
