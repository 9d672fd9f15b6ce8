/**
 * The lab: real components that a test starts, waits for and stops. Each `start…` resolves when the component
 * does its work; each `stop` when it has ended. The private host they need comes from lab.sh (`scripts/e2e`).
 */
export type { DirectoryServer, DirectoryServerOptions, Instance, InstanceOptions } from './lab-389.ts'
export { start389, writeInstance } from './lab-389.ts'
export type { SambaAd, SambaAdOptions } from './lab-ad.ts'
export { AD_FIRST_RID, AD_SID, AD_SUFFIX, adPassword, startSambaAd } from './lab-ad.ts'
export {
  AD_BULK,
  AD_BULK_LDIF,
  AD_BULK_NAMES,
  AD_LAB,
  AD_LDIF,
  AD_MAPS,
  AD_READER,
  AD_SID_MAPS,
} from './lab-ad-example.ts'
export { EXAMPLE_LDIF, EXAMPLE_MAPS, EXAMPLE_SUFFIX } from './lab-example.ts'
export { LAB_DOMAIN, labFolder, requireLab } from './lab-host.ts'
export { IPA_LDIF, IPA_MAPS, IPA_SCHEMA, IPA_SUFFIX } from './lab-ipa.ts'
export { countLogged, logged, untilLogged } from './lab-log.ts'
export { makeMaps, squeezed } from './lab-makefile.ts'
export { LAB_MAPS } from './lab-maps.ts'
export { accepts, freePort } from './lab-port.ts'
export type { Exit, LabProcess, ProcessOptions } from './lab-process.ts'
export { startProcess } from './lab-process.ts'
export type { RangedPort } from './lab-ranges.ts'
export { startRangedPort } from './lab-ranges.ts'
export {
  askNisForServices,
  getent,
  innetgr,
  NETGROUP_READINGS,
  netnameToUser,
  publicKey,
  READINGS,
} from './lab-readers.ts'
export { anyOrder, byKey, recordsOf } from './lab-records.ts'
export { BIS_LDIF, BIS_MAPS, BIS_SUFFIX } from './lab-rfc2307bis.ts'
export { startRpcbind } from './lab-rpcbind.ts'
export type { Result, RunOptions } from './lab-run.ts'
export { run, runOrFail } from './lab-run.ts'
export {
  FLAT_FILES,
  RFC2307_LDIF,
  RFC2307BIS_LDIF,
  SERVICES_MAPS,
  SERVICES_SUFFIX,
} from './lab-services.ts'
export type { Slapd, SlapdOptions } from './lab-slapd.ts'
export { startSlapd } from './lab-slapd.ts'
export type { TlsPort } from './lab-tls.ts'
export { startTlsPort } from './lab-tls.ts'
export { waitUntil } from './lab-wait.ts'
export type { YpbindOptions } from './lab-ypbind.ts'
export { startYpbind } from './lab-ypbind.ts'
export type { ExampleConf, Ypldap, YpldapOptions } from './lab-ypldap.ts'
export { controlSocketOf, exampleConf, failYpldap, startYpldap, ypldapConf } from './lab-ypldap.ts'
export type { YpservMaps, YpservOptions } from './lab-ypserv.ts'
export { LAB_ORDER, makeYpservMaps, startYpserv } from './lab-ypserv.ts'
