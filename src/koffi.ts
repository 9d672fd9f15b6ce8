/**
 * koffi, an optional package that calls functions of C. Of its packages the one of this machine's binary alone: the one
 * that chooses among them runs a script when it is installed, and compiles where there is no binary.
 */
import { createRequire } from 'node:module'

/** What is used of it here. */
export interface Koffi {
  readonly version: string
  /** null: what the program itself is linked to */
  readonly load: (library: string | null) => {
    readonly func: (prototype: string) => (...args: readonly unknown[]) => number
  }
  readonly address: (buffer: Uint8Array | Uint32Array) => bigint
  readonly errno: () => number
}

/** Throws where it is not installed. */
export function loadKoffi(): Koffi {
  return createRequire(import.meta.url)(`@koromix/koffi-${process.platform}-${process.arch}`) as Koffi
}
