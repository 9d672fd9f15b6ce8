/**
 * The image: all maps of one domain as one run of bytes, whose records lie encoded as the stream that
 * YPPROC_ALL sends.
 *
 *     header      HEADER_BYTES, below
 *     map table   one MAP_ENTRY_BYTES entry a map
 *     per map     section   the records in ascending key order, each
 *                             more(1) stat(YP_TRUE) val<> key<>      (XDR; the value before the key)
 *                           and the end of the stream
 *                             more(1) stat(YP_NOMORE) "" "" more(0)
 *                 hidden    records that MATCH finds and enumeration does not (YP_MASTER_NAME and its like)
 *                 offsets   u32 each: where a record starts, from the section's start; the hidden ones last
 *                 slots     u32 each: an open-addressing hash index, record number + 1, or 0 for a free slot
 *
 * Places are counted from the start of the image in 64 bits, so the image has no limit of its own; inside a
 * map they are 32 bits, so one map ends at 4 GiB. Header fields are little-endian; offsets and slots are in
 * the machine's own order, which the header names: an image does not travel between machines.
 */

export const MAGIC = 'YPIMAGE\0'
export const FORMAT_VERSION = 1
export const BYTE_ORDER_MARK = 0x01020304

/** Field places in the header. */
export const Header = {
  magic: 0,
  formatVersion: 8,
  byteOrder: 12,
  length: 16,
  /** SHA-256 of everything behind it */
  checksum: 24,
  /** seconds since 1970: what YPPROC_ORDER answers */
  created: 56,
  generation: 64,
  /** how many of each it was made from */
  users: 72,
  groups: 76,
  hashKey: 80,
  /** SHA-256 of the configuration it was built for */
  fingerprint: 88,
  /** SHA-256 of all that its answers hold, but for the time: equal in two images that say the same */
  contents: 120,
  maps: 152,
  domainLength: 156,
  domain: 160,
} as const

export const CHECKSUM_BYTES = 32
export const FINGERPRINT_BYTES = 32
export const CONTENTS_BYTES = 32
/** YPMAXDOMAIN and YPMAXMAP of every system */
export const MAX_NAME_BYTES = 64
export const HEADER_BYTES = 224

/** Field places in an entry of the map table. */
export const MapEntry = {
  nameLength: 0,
  name: 4,
  flags: 68,
  /** records in the section */
  count: 72,
  hidden: 76,
  slots: 80,
  section: 88,
  sectionLength: 96,
  hiddenLength: 104,
  offsets: 112,
  slotTable: 120,
} as const

export const MAP_ENTRY_BYTES = 128
export const MAX_MAPS = 4096
/** Some 9 million users. What is larger is no image of ours. */
export const MAX_IMAGE_BYTES = 8 * 2 ** 30

/** Flag: carries hashes, only for callers on a reserved port. */
export const SECURE = 1
/** Flag: the directory names it, not the configuration. */
export const FOUND = 2

/** `more stat` before a record's value */
export const RECORD_HEAD_BYTES = 8
/** `more stat val<0> key<0> more` at a section's end */
export const SECTION_END_BYTES = 20
export const MAX_SECTION_BYTES = 0xffffffff

/** Names that MATCH answers in every map (makedbm's). */
export const SpecialKey = {
  lastModified: 'YP_LAST_MODIFIED',
  masterName: 'YP_MASTER_NAME',
  domainName: 'YP_DOMAIN_NAME',
} as const

/** A power of two that leaves at least half of the slots free, so that a search ends after a step or two. */
export function slotsFor(records: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(4, records * 2)))
}

/** To the next multiple of eight. */
export function aligned(place: number): number {
  return Math.ceil(place / 8) * 8
}
