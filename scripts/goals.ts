/** What ypldap promises of its reliability, and the tests that hold each promise. RELIABILITY.md shows it. */

/** Tests of a file whose full names have this in them: all of them without it. */
export interface Held {
  readonly file: string
  readonly name?: string
}

export interface Goal {
  readonly id: string
  readonly promise: string
  readonly held: readonly Held[]
  /** measured by another script as well */
  readonly by?: 'bench' | 'fuzz'
  /** why nothing is measured yet */
  readonly unmeasured?: string
}

export const GOALS: readonly Goal[] = [
  {
    id: 'G1',
    promise:
      'Decoders and parsers never crash, hang for 100 ms, grow, or throw anything but their own error: 2,000,000 inputs each',
    held: [
      { file: 'test/fuzz/rpc.test.ts' },
      { file: 'test/fuzz/config.test.ts' },
      { file: 'test/fuzz/directory.test.ts' },
      { file: 'test/fuzz/image.test.ts' },
      { file: 'test/fuzz/ldap.test.ts' },
      { file: 'test/fuzz/messages.test.ts' },
      { file: 'test/fuzz/responder.test.ts' },
    ],
    by: 'fuzz',
  },
  {
    id: 'G2',
    promise: 'However a stream of bytes is split, it decodes the same',
    held: [
      { file: 'test/rpc/golden.test.ts', name: 'put together the same' },
      { file: 'test/property/rpc.test.ts', name: 'however it is fragmented and cut' },
    ],
  },
  {
    id: 'G3',
    promise: 'No reply is lost, or mixed of two images, across 10,000 publications under load',
    held: [{ file: 'test/fault/service.test.ts', name: 'each answer is of one whole generation' }],
  },
  {
    id: 'G4',
    promise: 'Who lists a map across publications gets each key that is in all of them exactly once',
    held: [{ file: 'test/property/enumeration.test.ts' }, { file: 'test/e2e/enumeration.test.ts' }],
  },
  {
    id: 'G5',
    promise: 'A publication of 100,000 users leaves no gap of 10 ms between two replies',
    held: [{ file: 'test/fault/load-latency.test.ts' }],
    by: 'bench',
  },
  {
    id: 'G6',
    promise:
      'Without file descriptors UDP answers all, at under 10 % of a CPU, and TCP comes back within the idle timeout',
    held: [{ file: 'test/fault/tcp.test.ts', name: 'with few descriptors' }],
  },
  {
    id: 'G7',
    promise:
      'Memory is bounded by connections × 4 KiB, the replies that wait and what is not collected yet, whatever 1,000 ' +
      'hostile clients do',
    held: [
      { file: 'test/fault/tcp.test.ts', name: '1,000 hostile connections' },
      { file: 'test/fault/tcp.test.ts', name: '10,000 idle connections' },
    ],
  },
  {
    id: 'G8',
    promise:
      'Killed at any moment, a restart serves the old image or the new one, whole; a damaged one is refused',
    held: [
      { file: 'test/fault/commit.test.ts' },
      { file: 'test/fault/image-damage.test.ts' },
      { file: 'test/fault/disk.test.ts' },
    ],
  },
  {
    id: 'G9',
    promise:
      'While LDAP is down every answer comes as before, its age shows, and it expires only if that is configured',
    held: [{ file: 'test/fault/hours.test.ts' }, { file: 'test/e2e/outage.test.ts' }],
  },
  {
    id: 'G10',
    promise: 'Empty, cut, collapsed or half-read maps are never published: each is refused with its reason',
    held: [
      { file: 'test/maps/guard.test.ts' },
      { file: 'test/directory/side.test.ts', name: 'the guard' },
      { file: 'test/directory/ldap.test.ts', name: 'a search that does not end in success' },
      { file: 'test/directory/ldap.test.ts', name: 'references to other servers' },
      { file: 'test/directory/ldap.test.ts', name: 'paging' },
      { file: 'test/fault/directory-faults.test.ts' },
    ],
  },
  {
    id: 'G11',
    promise:
      'A process that dies is replaced, the server within a second, and the last maps are served meanwhile',
    held: [
      { file: 'test/fault/service.test.ts', name: 'deaths of the directory process' },
      { file: 'test/fault/service.test.ts', name: 'costs what clients send a second time' },
      { file: 'test/supervisor/keeper.test.ts' },
    ],
  },
  {
    id: 'G12',
    promise: "systemd's exposure level of the unit is at most 2.5",
    held: [{ file: 'test/main/unit.test.ts', name: 'is exposed to 2.5 of 10 at most' }],
  },
  {
    id: 'G13',
    promise: 'With the socket unit a restart loses no datagram and takes under a second',
    held: [{ file: 'test/main/passed-sockets.test.ts', name: 'no call is lost by restarts' }],
  },
  {
    id: 'G14',
    promise: '`ypldap -n` tells every error of a file in one run, and a reload with one changes nothing',
    held: [
      { file: 'test/config/problems.test.ts' },
      { file: 'test/config/recovery.test.ts' },
      { file: 'test/fault/service.test.ts', name: 'a reload with an error' },
    ],
  },
  {
    id: 'G15',
    promise:
      'Answers are those of ypserv but for differences that are listed: none unexplained (docs/ypserv.md)',
    held: [{ file: 'test/compat/conformance.test.ts' }, { file: 'test/e2e/ypserv-diff.test.ts' }],
  },
  {
    id: 'G16',
    promise:
      'One core answers 15,000 MATCH a second and more, with p99 under 2 ms (BENCHMARKS.md has the rest)',
    held: [],
    by: 'bench',
  },
]
