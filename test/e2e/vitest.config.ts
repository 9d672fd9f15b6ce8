import { defineConfig } from 'vitest/config'

// One file at a time: rpcbind and the clients' ports exist once on the private host.
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts', 'test/compat/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
