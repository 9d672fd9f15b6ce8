/**
 * All that the directory side ever says to the server side. An image is complete, judged and immutable when it
 * is sent; nothing else of a directory crosses.
 */
export type DirectoryMessage =
  | {
      readonly kind: 'image'
      readonly domain: string
      /** see maps/image.ts */
      readonly bytes: SharedArrayBuffer
    }
  | {
      readonly kind: 'trashed'
      readonly domain: string
      readonly reason: string
    }
