/**
 * Polls `condition` until it holds, and fails after `timeout` milliseconds with `what` in the message.
 * A condition that throws has not come true; the last error is the failure's cause.
 */
export async function waitUntil(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeout = 10_000,
): Promise<void> {
  const deadline = performance.now() + timeout
  let cause: unknown
  for (;;) {
    try {
      if (await condition()) return
    } catch (error) {
      cause = error
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${timeout} ms in vain until ${what}`, { cause })
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
