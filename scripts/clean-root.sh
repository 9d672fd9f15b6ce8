# Sourced by check-debian, check-readme and check-systemd, here and in the clean root: what they need of one.
# shellcheck shell=bash

# usage: cannot REASON
cannot() {
  echo "$(basename "$0"): cannot run: $1" >&2
  exit 77
}

fail() {
  echo "$(basename "$0"): $1" >&2
  [ ! -s /tmp/ypldap.log ] || cat /tmp/ypldap.log >&2
  exit 1
}

# usage: equal WHAT FOUND EXPECTED
equal() {
  [ "$2" = "$3" ] || fail "$1 is
$2
and not
$3"
}

# Waits up to 20 s, or $patience, for a command to succeed.
await() {
  local end=$((SECONDS + ${patience:-20}))
  while ((SECONDS <= end)); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  fail "waited in vain for: $*"
}

# All files but what dpkg and the account tools keep for themselves, and the accounts.
inventory() {
  find / -xdev \( -path /var/lib/dpkg -o -path /var/log -o -path /var/cache -o -path /tmp -o -path /proc -o -path /run \
    -o -path /dev -o -path /sys -o -path /root -o -path /var/tmp -o -path /var/lib/systemd -o -path /var/yp/binding \) \
    -prune -o ! -path '/etc/*-' -printf '%p %M %u:%g\n' | sort
  cat /etc/passwd /etc/group /etc/shadow /etc/gshadow
}

# Packages of Debian, besides those that it needs itself, are given as to install_debian_packages.
need_clean_root() {
  [ "$(id -u)" -eq 0 ] || cannot 'not root'
  install_npm_packages
  install_debian_packages debootstrap=debootstrap dpkg-deb=dpkg ip=iproute2 unshare=util-linux zstd=zstd "$@" ||
    cannot 'Debian packages could not be installed'
  command -v debootstrap >/dev/null || cannot 'debootstrap is not there'
  unshare --net --uts --ipc --mount --pid --fork true 2>/dev/null || cannot 'no namespaces (unshare failed)'
}

# Debian 12 with the clients of NIS, made by debootstrap once and then kept.
# usage: clean_root FOLDER [KIND MORE-PACKAGES]     packages behind commas; each kind is kept by itself
clean_root() {
  local suite=bookworm cache
  cache=/var/cache/ypldap/$suite-${2:+$2-}$(dpkg --print-architecture).tar.zst
  if ! [ -e "$cache" ]; then
    echo "making a clean root of Debian, which takes a minute or two" >&2
    debootstrap --variant=minbase --include="netbase,rpcbind,yp-tools,ypbind-mt,libnss-nis${3:+,$3}" "$suite" "$1.made" \
      >"$1.log" 2>&1 || { tail -n 3 "$1.log" >&2; cannot 'debootstrap failed: is there a network?'; }
    mkdir -p "$(dirname "$cache")"
    tar -C "$1.made" --zstd -cf "$cache.new" --exclude './dev/*' --exclude './proc/*' --exclude './sys/*' \
      --exclude './var/cache/apt/*.bin' --exclude './var/cache/apt/archives/*.deb' --exclude './var/lib/apt/lists/*' .
    mv "$cache.new" "$cache"
    rm -rf --one-file-system "$1.made"
  fi
  mkdir "$1"
  tar -C "$1" --zstd -xf "$cache"
}

# What a host has besides its disk. Only null devices of the real host are seen in there.
# usage: furnish FOLDER
furnish() {
  local device
  mount -n -t proc proc "$1/proc"
  mount -n -t tmpfs -o mode=755 tmpfs "$1/run"
  mount -n -t tmpfs -o mode=1777 tmpfs "$1/tmp"
  mount -n -t tmpfs -o mode=755 tmpfs "$1/dev"
  for device in null zero full random urandom; do
    : >"$1/dev/$device"
    mount -n --bind "/dev/$device" "$1/dev/$device"
  done
  ln -s /proc/self/fd "$1/dev/fd"
  mkdir "$1/run/rpcbind"
}

# usage: in_clean_root FOLDER COMMAND...
in_clean_root() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 chroot "$@"
}

# The command is process 1 of its namespaces: when it ends, all that it started does.
# usage: on_private_host COMMAND...
on_private_host() {
  setpriv --pdeathsig KILL unshare --net --uts --ipc --mount --pid --fork --kill-child --mount-proc --propagation private "$@"
}
