/**
 * The lab: real components that a test starts, waits for and stops. Each `start…` resolves when the component
 * does its work; each `stop` when it has ended. The private host they need comes from lab.sh (`scripts/e2e`).
 */
export { EXAMPLE_LDIF, EXAMPLE_MAPS, EXAMPLE_SUFFIX } from './lab-example.ts'
export { LAB_DOMAIN, labFolder, requireLab } from './lab-host.ts'
export { countLogged, logged, untilLogged } from './lab-log.ts'
export { LAB_MAPS } from './lab-maps.ts'
export { accepts, freePort } from './lab-port.ts'
export type { Exit, LabProcess, ProcessOptions } from './lab-process.ts'
export { startProcess } from './lab-process.ts'
export { startRpcbind } from './lab-rpcbind.ts'
export type { Result, RunOptions } from './lab-run.ts'
export { run, runOrFail } from './lab-run.ts'
export type { Slapd, SlapdOptions } from './lab-slapd.ts'
export { startSlapd } from './lab-slapd.ts'
export { waitUntil } from './lab-wait.ts'
export type { YpbindOptions } from './lab-ypbind.ts'
export { startYpbind } from './lab-ypbind.ts'
export type { ExampleConf, Ypldap, YpldapOptions } from './lab-ypldap.ts'
export { controlSocketOf, exampleConf, failYpldap, startYpldap, ypldapConf } from './lab-ypldap.ts'
export type { YpservMaps, YpservOptions } from './lab-ypserv.ts'
export { LAB_ORDER, makeYpservMaps, startYpserv } from './lab-ypserv.ts'
