#!/bin/sh
# setup.sh [--tests]: installs from Debian 12's packages what building and running bounced need;
# with --tests also what its tests and checks need. Safe to run twice. Changes nothing but packages.
set -eu

build_packages="g++ cmake ninja-build pkg-config ccache
  protobuf-compiler protobuf-compiler-grpc libgrpc++-dev libgrpc-dev libprotobuf-dev libabsl-dev
  libasio-dev libssl-dev libsqlite3-dev libre2-dev libidn2-dev libicu-dev libzstd-dev
  libtomlplusplus-dev libcli11-dev libxxhash-dev libsystemd-dev libc-ares-dev libpsl-dev publicsuffix
  libgtest-dev libgmock-dev libbenchmark-dev ca-certificates
  file dpkg-dev"
test_packages="python3 python3-grpcio python3-protobuf postfix swaks iproute2 procps sqlite3
  python3-spf python3-dkim python3-dnspython python3-yaml haproxy openssl libnet-ssleay-perl
  msmtp testssl.sh libdb5.3 libevent-2.1-7 libgnutls-dane0 libidn12 libnsl2 libpcre2-8-0 libpam0g
  lintian systemd mmdebstrap
  clang-14 libclang-rt-14-dev lld-14 clang-format-14 git"

say() { echo "setup.sh: $*"; }

. /etc/os-release
if [ "${ID:-}" != debian ] || [ "${VERSION_ID:-}" != 12 ]; then
  say "this is ${PRETTY_NAME:-an unknown system}; only Debian 12 is supported." >&2
  exit 1
fi

packages=$build_packages
case "${1:-}" in
  "") ;;
  --tests) packages="$build_packages $test_packages" ;;
  *) echo "usage: setup.sh [--tests]" >&2; exit 2 ;;
esac

missing=""
for package in $packages; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" = installed ] ||
    missing="$missing $package"
done
if [ -z "$missing" ]; then
  say "nothing to do: all $(echo $packages | wc -w) packages are installed."
  exit 0
fi

sudo=""
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { say "run it as root, or install sudo." >&2; exit 1; }
  sudo=sudo
fi
apt() { $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@"; }

say "updating the package lists"
apt update
say "to install:$missing"
removals=$(apt install -s --no-install-recommends $missing | sed -n 's/^Remv \([^ ]*\).*/\1/p')
if [ -n "$removals" ]; then
  say "stopping: this would remove: $removals" >&2
  exit 1
fi
apt install -y --no-install-recommends $missing >/dev/null
say "done."
