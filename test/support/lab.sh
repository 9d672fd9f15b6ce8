#!/bin/bash
# Runs COMMAND as root on a host of its own: private processes, network (loopback only), host name and mounts, so
# that real slapd, rpcbind, ypserv and ypbind can have their well-known ports and files. Nothing of the real host
# changes, and no process of the lab outlives this one, however it ends.
#
# usage: lab.sh COMMAND [ARGUMENT]...
#
# COMMAND finds: host name `lab`, NIS domain `lab.example`, 127.0.0.1 and ::1, an empty /run and /var/yp, a copy of
# /etc that may be written to, TMPDIR for its own files, YPLDAP_LAB=1, and Node 24 as `node`.
# exit status: that of COMMAND; 77 when there can be no lab here, with the reason in one line on stderr.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export PATH="$root/node_modules/.bin:$PATH:/usr/sbin:/sbin"

cannot() {
  echo "lab: cannot run: $1" >&2
  exit 77
}

missing_packages() {
  local command package
  while read -r command package; do
    command -v "$command" >/dev/null || compgen -G "$command" >/dev/null || echo "$package"
  done <<'LIST'
unshare util-linux
setpriv util-linux
ip iproute2
rpcbind rpcbind
slapd slapd
slapadd slapd
ldapmodify ldap-utils
ypserv ypserv
/usr/lib/yp/makedbm ypserv
ypbind ypbind-mt
ypcat yp-tools
openssl openssl
make make
samba samba
/usr/share/samba/setup/provision.ldif samba-ad-provision
/usr/lib/*/samba/ldb/samba_dsdb.so samba-dsdb-modules
/usr/lib/*/samba/vfs/dfs_samba4.so samba-vfs-modules
ns-slapd 389-ds-base
prometheus prometheus
/lib/*/libnss_nis.so.2 libnss-nis
LIST
}

prepare() {
  ip link set lo up
  # No TIME_WAIT: closed connections of clients, which take reserved ports, would keep servers from theirs.
  echo 0 >/proc/sys/net/ipv4/tcp_max_tw_buckets
  hostname lab
  domainname lab.example

  # -n: without it mount makes a folder in the /run that is about to be hidden.
  mount -n -t tmpfs -o mode=755 tmpfs /run
  install -d -o _rpc -m 755 /run/rpcbind
  install -d -m 1777 /run/lab-tmp
  export TMPDIR=/run/lab-tmp YPLDAP_LAB=1

  mount -t tmpfs -o mode=755 tmpfs /var/yp
  mkdir /var/yp/binding
  printf '%s\n' 'passwd passwd.byname' 'group group.byname' >/var/yp/nicknames

  cp -a /etc /run/lab-etc
  mount --bind /run/lab-etc /etc
  local account number=64301
  for account in _ypldap _ypldap_dir _ypldap_stat; do
    grep -q "^$account:" /etc/passwd || {
      echo "$account:x:$number:$number::/nonexistent:/usr/sbin/nologin" >>/etc/passwd
      echo "$account:x:$number:" >>/etc/group
    }
    number=$((number + 1))
  done
  echo 'domain lab.example server 127.0.0.1' >/etc/yp.conf
  printf '%s\n' '127.0.0.1 localhost' '127.0.1.1 lab' '::1 localhost' >/etc/hosts
  : >/etc/default/nss
  # The shipped rules ask for reserved ports; the lab's server answers everyone alike.
  printf '%s\n' 'files: 30' 'xfr_check_port: no' '* : * : * : none' >/etc/ypserv.conf
  printf '%s\n' 'passwd: files nis' 'group: files nis' 'shadow: files nis' 'netgroup: nis' 'hosts: files' \
    'networks: files' 'protocols: files' 'services: files' 'rpc: files' >/etc/nsswitch.conf
}

# As process 1 of the new pid namespace: when it ends, the kernel ends everything else in there.
if [ "${1-}" = --inside ] && [ $$ -eq 1 ]; then
  shift
  prepare
  status=0
  "$@" || status=$?
  exit "$status"
fi

[ $# -gt 0 ] || { sed -n '/^# usage/s/^# //p' "$0" >&2; exit 64; }
[ "$(id -u)" -eq 0 ] || cannot 'not root: the lab needs its own mounts and reserved ports'
missing=$(missing_packages | sort -u | tr '\n' ' ')
[ -z "$missing" ] || cannot "packages missing: ${missing% }"
namespaces=(unshare --net --uts --ipc --mount --pid --fork --kill-child --mount-proc --propagation private)
"${namespaces[@]}" true 2>/dev/null || cannot 'the kernel or the container refuses new namespaces (unshare failed)'

# unshare shrugs off SIGINT and SIGTERM; killed, it takes process 1 with it. pdeathsig covers our own SIGKILL.
setpriv --pdeathsig KILL "${namespaces[@]}" "$root/test/support/lab.sh" --inside "$@" &
lab=$!
end() {
  kill -KILL "$lab" 2>/dev/null || true
  wait "$lab" 2>/dev/null || true
  exit "$1"
}
trap 'end 129' HUP
trap 'end 130' INT
trap 'end 143' TERM
status=0
wait "$lab" || status=$?
exit "$status"
