/**
 * Names of users and groups that come with the systems of clients: Debian's base-passwd, Fedora's setup, the BSDs' and
 * Solaris's /etc/passwd and /etc/group, and groups whose members may do what root may. Not `users`, which belongs to
 * people and is in many directories.
 */
export const SYSTEM_NAMES: readonly string[] = [
  'root toor daemon bin sys adm lp sync shutdown halt mail news uucp nuucp operator games man ftp',
  'nobody nobody4 noaccess nogroup nfsnobody unknown proxy www www-data backup list irc listen smmsp',
  'wheel sudo admin staff sysadmin auth shadow utmp utempter tty disk kmem mem src floppy tape dialout dip',
  'cdrom audio video fax voice plugdev netdev kvm input render lock log ssh sshd crontab cron postfix bind',
  'docker lxd libvirt libvirt-qemu messagebus dbus polkitd systemd-journal systemd-network systemd-resolve',
  'systemd-timesync',
].flatMap((line) => line.split(' '))
