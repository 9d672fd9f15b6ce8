/** Bounds on what a configuration may make us hold or do; each is far above any honest file. */

/** bytes of one file */
export const MAX_FILE = 1024 * 1024

/** UTF-16 units of one word, string, number or macro value */
export const MAX_TOKEN = 64 * 1024

/** UTF-16 units that all uses of macros may add together */
export const MAX_EXPANSION = 1024 * 1024

/** files below the main one, one including the next */
export const MAX_DEPTH = 16

/** include statements carried out in one run */
export const MAX_INCLUDES = 256

/** problems kept; a file that has more is not a ypldap.conf */
export const MAX_PROBLEMS = 1000

/** sockets that the file may ask for */
export const MAX_LISTEN = 64

/** addresses at which metrics are read */
export const MAX_METRICS = 8

/** prefixes of `allow from`, `deny from` and securenets files together, of all domains and maps */
export const MAX_RULES = 8192

/** files that `securenets` names */
export const MAX_SECURENETS = 64

export const MAX_DOMAINS = 64

/** of all domains together */
export const MAX_DIRECTORIES = 256

/** map blocks of a domain, and maps that it names to be provided */
export const MAX_MAPS = 1024

/** YPMAXMAP of every system */
export const MAX_MAP_NAME = 64

/** bytes that a value may have; clients take 1,024, Linux's more */
export const MIN_RECORD = 256
export const MAX_RECORD = 64 * 1024

/** bytes of a domain's directories as one message: they are handed over to the process that reads them */
export const MAX_DIRECTORIES_SIZE = 3 * 1024 * 1024

/** bytes of a path; the kernel takes no longer ones */
export const MAX_PATH = 4095

/** sun_path of a unix socket's address, less its NUL */
export const MAX_SOCKET_PATH = 107

/** characters of an attribute's name */
export const MAX_ATTRIBUTE = 4096

/** names of users and groups that one domain refuses */
export const MAX_REFUSED_NAMES = 1024

/** bytes of the name of an account or a group: LOGIN_NAME_MAX, less its NUL */
export const MAX_ACCOUNT = 255
