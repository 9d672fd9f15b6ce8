/**
 * Shapes of plain data, to hold against what another process sent before anything is done with it. A shape is
 * a function: the value as its type, or ShapeError with the place of the first thing that is wrong.
 */

export class ShapeError extends Error {
  override readonly name = 'ShapeError'
}

export type Shape<T> = (value: unknown, place: string) => T

/** The type that a shape gives. */
export type Of<S> = S extends Shape<infer T> ? T : never

function wrong(place: string, expected: string): ShapeError {
  return new ShapeError(`${place}: ${expected} expected`)
}

export function text(maxLength: number): Shape<string> {
  return (value, place) => {
    if (typeof value === 'string' && value.length <= maxLength) return value
    throw wrong(place, `text of up to ${maxLength} characters`)
  }
}

/** A whole number. */
export function integer(min: number, max: number): Shape<number> {
  return (value, place) => {
    if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max)
      return value as number
    throw wrong(place, `a whole number from ${min} to ${max}`)
  }
}

export const flag: Shape<boolean> = (value, place) => {
  if (typeof value === 'boolean') return value
  throw wrong(place, 'true or false')
}

export function oneOf<const T extends string>(...words: readonly T[]): Shape<T> {
  return (value, place) => {
    const found = words.find((word) => word === value)
    if (found !== undefined) return found
    throw wrong(place, words.join(' or '))
  }
}

export function list<T>(item: Shape<T>, maxLength: number): Shape<readonly T[]> {
  return (value, place) => {
    if (!Array.isArray(value) || value.length > maxLength) throw wrong(place, `a list of up to ${maxLength}`)
    return value.map((one, index) => item(one, `${place}[${index}]`))
  }
}

type Fields = Readonly<Record<string, Shape<unknown>>>

type OptionalKeys<F extends Fields> = {
  [K in keyof F]: F[K] extends OptionalShape<unknown> ? K : never
}[keyof F]

type Flatten<T> = { readonly [K in keyof T]: T[K] }

type RecordOf<F extends Fields> = Flatten<
  { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Of<F[K]> } & {
    readonly [K in OptionalKeys<F>]?: Exclude<Of<F[K]>, undefined>
  }
>

/** Marks a field that may be absent. */
export interface OptionalShape<T> extends Shape<T | undefined> {
  readonly optional: true
}

export function optional<T>(shape: Shape<T>): OptionalShape<T> {
  const check = (value: unknown, place: string) => (value === undefined ? undefined : shape(value, place))
  return Object.assign(check, { optional: true as const })
}

/** An object with these fields and no others. */
export function record<const F extends Fields>(fields: F): Shape<RecordOf<F>> {
  return (value, place) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(place, 'an object')
    const stranger = Object.keys(value).find((name) => !Object.hasOwn(fields, name))
    if (stranger !== undefined) throw wrong(`${place}.${stranger}`, 'no such field')
    const result: Record<string, unknown> = {}
    for (const [name, shape] of Object.entries(fields)) {
      const field = shape((value as Record<string, unknown>)[name], `${place}.${name}`)
      if (field !== undefined) result[name] = field
    }
    return result as RecordOf<F>
  }
}

/** One of several shapes, told apart by a field. */
export function union<const K extends string, const V extends Readonly<Record<string, Fields>>>(
  key: K,
  variants: V,
): Shape<{ [N in keyof V & string]: Flatten<{ readonly [P in K]: N } & RecordOf<V[N]>> }[keyof V & string]> {
  const shapes = Object.fromEntries(
    Object.entries(variants).map(([name, fields]) => [name, record({ [key]: oneOf(name), ...fields })]),
  )
  return (value, place) => {
    const name = (value as Record<string, unknown> | null | undefined)?.[key]
    const shape = typeof name === 'string' && Object.hasOwn(shapes, name) ? shapes[name] : undefined
    if (shape === undefined) throw wrong(`${place}.${key}`, Object.keys(variants).join(' or '))
    return shape(value, place) as never
  }
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value, place) => (value === null ? null : shape(value, place))
}
