import type { Overflow } from './config.ts'

export const DEFAULT_INTERVAL = 600
export const DEFAULT_PAGE_SIZE = 1000
export const DEFAULT_RECORD_LIMIT = 1024
export const DEFAULT_OVERFLOW: Overflow = 'cut'
/** None is root's. */
export const DEFAULT_MINIMUM_ID = 1
export const DEFAULT_USER = '_ypldap'
export const DEFAULT_DIRECTORY_USER = '_ypldap_dir'
export const DEFAULT_METRICS_USER = '_ypldap_stat'
export const DEFAULT_METRICS_PORT = 10_004
export const DEFAULT_GUARD_SHRINK = 50
export const DEFAULT_UDP_WORKERS = 1
export const DEFAULT_DIRECTORY_MEMORY = 512

export const LDAP_PORT = 389
export const LDAPS_PORT = 636
