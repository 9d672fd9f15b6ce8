/**
 * A search result entry whose list of attributes claims 120 bytes of which 9 are there. The library's decoder,
 * shown it, makes no step past the last byte and adds empty attributes until the memory is used up.
 */
export const ENDLESS_ENTRY = Buffer.from(
  [
    '3019 020101',
    // [APPLICATION 4], the DN
    '6414 0404 636e3d61',
    // the attributes: 120 bytes, says the length
    '3078',
    '3007 0402 636e 3101 0400 0400',
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
)
