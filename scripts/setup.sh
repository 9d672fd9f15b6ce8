# Sourced by the other scripts: what a fresh machine needs. Debian 12 with Node 20 and npm is enough to begin with.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# Node 24 comes with the other packages from npm, and is found first.
export PATH="$root/node_modules/.bin:$PATH:/usr/sbin:/sbin"

# The packages of package-lock.json, if they are not there or not those.
install_npm_packages() {
  if ! [ node_modules/.package-lock.json -nt package-lock.json ]; then
    echo "installing npm packages" >&2
    npm ci --no-audit --no-fund --loglevel=error >&2
  fi
}

# Debian packages, given as COMMAND-OR-FILE=PACKAGE; only as root on a Debian, elsewhere it leaves things as they are.
install_debian_packages() {
  local wanted=() pair
  for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null || compgen -G "${pair%%=*}" >/dev/null || wanted+=("${pair#*=}")
  done
  [ ${#wanted[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then return 0; fi
  echo "installing Debian packages: ${wanted[*]}" >&2
  # The tests start what they need themselves: no package may start a service on this host.
  local policy=/usr/sbin/policy-rc.d made=
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    made=$policy
  fi
  local status=0
  {
    apt-get -qq update &&
      DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "${wanted[@]}"
  } >&2 || status=$?
  [ -z "$made" ] || rm -f "$made"
  return "$status"
}

# What test/support/lab.sh needs, and more packages given in the same way.
install_lab_packages() {
  install_debian_packages slapd=slapd ldapsearch=ldap-utils rpcbind=rpcbind ypserv=ypserv ypbind=ypbind-mt \
    ypcat=yp-tools '/lib/*/libnss_nis.so.2=libnss-nis' ip=iproute2 unshare=util-linux openssl=openssl make=make prometheus=prometheus \
    samba=samba /usr/share/samba/setup/provision.ldif=samba-ad-provision ns-slapd=389-ds-base \
    '/usr/lib/*/samba/ldb/samba_dsdb.so=samba-dsdb-modules' \
    '/usr/lib/*/samba/vfs/dfs_samba4.so=samba-vfs-modules' "$@"
}

# A daemon that root starts has children under other accounts. Where those can't read this checkout (it lies in /root,
# or was made under umask 077), the script that calls this goes on in a copy which they can read, and ends with it.
# usage: in_readable_checkout "$@"
in_readable_checkout() {
  [ "$(id -u)" -eq 0 ] || return 0
  local file readable=yes
  for file in src/main.ts node_modules/.bin/node node_modules/ldapts/package.json; do
    setpriv --reuid=65534 --regid=65534 --clear-groups test -r "$root/$file" || readable=no
  done
  [ "$readable" = no ] || return 0
  local copy script=$0 child status=0 entry
  script=$(realpath --relative-to="$root" "$script")
  copy=$(mktemp -d /tmp/ypldap-checkout.XXXXXX)
  trap 'rm -rf "$copy"' EXIT
  for entry in "$root"/* "$root"/.ci; do
    [ ! -e "$entry" ] || cp -a "$entry" "$copy/"
  done
  chmod -R a+rX,go-w "$copy"
  "$copy/$script" "$@" &
  child=$!
  # A process in the background does not hear ^C; the copy's script ends in good order on SIGTERM.
  trap 'kill -TERM "$child" 2>/dev/null || true' INT TERM
  # wait returns when a signal came in between, with the child still on its way out.
  while kill -0 "$child" 2>/dev/null; do
    status=0
    wait "$child" || status=$?
  done
  exit "$status"
}
