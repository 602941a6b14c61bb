#!/bin/bash
# fresh_root.sh [BUILD]: the whole life of the package that `cmake --workflow --preset package` made in
# BUILD (default: build/release), in a bare Debian 12 whose own systemd runs: installed, configured,
# started, attacked, upgraded, removed and purged. For root, with mmdebstrap, the machine's own sources
# of packages, and the right to make namespaces. Takes a minute or two; leaves nothing behind.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:-$here/../../build/release}" && pwd)

[ "$(id -u)" = 0 ] || { echo "fresh_root.sh: NOT RUN: only root can make a root" >&2; exit 77; }
command -v mmdebstrap >/dev/null ||
  { echo "fresh_root.sh: NOT RUN: mmdebstrap is not installed" >&2; exit 77; }
package=$(echo "$build"/bounced_*.deb)
[ -f "$package" ] || { echo "fresh_root.sh: first: cmake --workflow --preset package" >&2; exit 1; }
sources=/etc/apt/sources.list
[ -s $sources ] || sources=/etc/apt/sources.list.d/debian.sources

bounce=$here/../../deploy/demo/bounce.eml
work=$(mktemp -d)
root=$work/root
boot=
finish() {
  status=$?
  if [ $status != 0 ] && [ -n "${init:-}" ]; then
    inside journalctl --no-pager -n 40 -u bounced.service -u bounced.socket || true
  fi
  if [ -n "$boot" ]; then
    [ -z "${init:-}" ] || kill -s KILL "$init" 2>/dev/null || true
    wait "$boot" 2>/dev/null || true
    find "$(findmnt --types cgroup2 --noheadings --output TARGET | head -n 1)/bounced-test-$boot" \
      -depth -type d -exec rmdir {} + || true
  fi
  rm -rf --one-file-system "$work"
  [ $status = 0 ] || echo "fresh_root.sh: FAILED: $step" >&2
}
trap finish EXIT

step="making the root"
begin() { step=$*; echo "--- $step"; }
fail() { echo "fresh_root.sh: $*" >&2; exit 1; }
outside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
inside() { nsenter --all --target "$init" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
# is WANTED COMMAND...: what it prints.
is() {
  local wanted=$1 got
  shift
  got=$("$@" 2>&1) || true
  [ "$got" = "$wanted" ] || fail "$*: \"$got\" instead of \"$wanted\""
}
# ends WANTED COMMAND...: its exit code.
ends() {
  local wanted=$1 got=0
  shift
  "$@" >/dev/null 2>&1 || got=$?
  [ "$got" = "$wanted" ] || fail "$*: exit code $got instead of $wanted"
}
# Until it holds; in vain after 30 s.
eventually() {
  local end=$((SECONDS + 30))
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || fail "in vain: $*"
    sleep 0.1
  done
}
# mail HOST RETURN_PATH FILE: sends a bounce, and prints the last reply code.
mail() {
  nsenter --net --target "$init" bash -euc '
    exec 3<>"/dev/tcp/$1/25"
    reply() {
      while read -r line <&3; do case $line in ???-*) ;; *) break ;; esac; done
      code=${line%% *}
      case $code in [23]*) ;; *) echo "$code"; exit ;; esac
    }
    say() { printf "%s\r\n" "$1" >&3; reply; }
    reply
    say "EHLO mta.example"
    say "MAIL FROM:<>"
    say "RCPT TO:<$2>"
    say DATA
    sed "s/^\./../" "$3" >&3
    say .
    echo "$code"' mail "$@"
}
left() { "$@" find /etc /lib /usr /var -xdev -name '*bounced*' ! -path '/var/log/*'; }
property() { inside systemctl show --value --property "$1" bounced.service; }

begin "making a later package"
cpack --config "$build/CPackConfig.cmake" -B "$work/later" -D CPACK_PACKAGE_VERSION=9.0.0 >/dev/null

begin "making a bare Debian 12 with systemd and what the package depends on"
depends=$(dpkg-deb --field "$package" Depends | sed -e 's/ *([^)]*)//g' -e 's/ *|[^,]*//g' -e 's/ //g')
mmdebstrap --quiet --variant=minbase --include="systemd,$depends" bookworm "$root" "$sources"
cp "$package" "$root/root/bounced.deb"
cp "$work/later/"*.deb "$root/root/later.deb"

begin "installing it where no systemd runs"
outside dpkg -i /root/bounced.deb
is ok outside runuser -u bounced -- bounced --check-config
is "root:bounced 640" outside stat -c "%U:%G %a" /etc/bounced/bounced.toml
is "root:bounced 750" outside stat -c "%U:%G %a" /etc/bounced
is "bounced:bounced 700" outside stat -c "%U:%G %a" /var/lib/bounced
is /usr/sbin/nologin outside sh -c 'getent passwd bounced | cut -d: -f7'
ends 2 outside bounced
outside dpkg --purge bounced
is "" left outside

begin "booting"
"$here/boot.sh" "$root" >"$work/boot.log" 2>&1 &
boot=$!
eventually pgrep -P "$boot" -f /lib/systemd/systemd
init=$(pgrep -P "$boot" -f /lib/systemd/systemd)
eventually inside systemctl is-active multi-user.target

begin "installing it: nothing starts"
inside dpkg -i /root/bounced.deb
is disabled inside systemctl is-enabled bounced.service
is disabled inside systemctl is-enabled bounced.socket
is inactive inside systemctl is-active bounced.service

begin "starting it as it was installed"
inside systemctl enable --now bounced.socket bounced.service
is active inside systemctl is-active bounced.service
ends 0 inside bouncectl check reader@example.net
is 550 mail 127.0.0.1 someone@bounces.example "$bounce"

begin "configuring it"
inside sh -c "umask 027; head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >/etc/bounced/a.key"
inside chgrp bounced /etc/bounced/a.key
inside sh -c 'cat >>/etc/bounced/bounced.toml' <<END
[[return_path]]
domain = "bounces.example"
[[return_path.key]]
id = "a"
secret_file = "/etc/bounced/a.key"
END
is ok inside runuser -u bounced -- bounced --check-config
inside systemctl restart bounced.service
return_path=$(inside bouncectl return-path mint --recipient nouser@rcpt.example)
ends 0 inside bouncectl check nouser@rcpt.example
is 550 mail 127.0.0.1 "${return_path/nouser/someone}" "$bounce"
is 250 mail ::1 "$return_path" "$bounce"
nsenter --net --target "$init" openssl s_client -starttls smtp -connect 127.0.0.1:25 </dev/null 2>&1 |
  grep -q TLSv1.3 || fail "no TLS"
ends 1 inside bouncectl check nouser@rcpt.example

begin "looking at what holds it"
pid=$(property MainPID)
is bounced inside stat -c %U /var/lib/bounced
status=$(inside cat "/proc/$pid/status")
for line in 'NoNewPrivs:.1' 'Seccomp:.2' 'CapBnd:.0000000000000000' 'CapEff:.0000000000000000'; do
  grep -q "^$line\$" <<<"$status" || fail "$line is not in the status of the process"
done
grep -q 'Max core file size  *0  *0 ' <<<"$(inside cat "/proc/$pid/limits")" || fail "it may leave a core"
grep -q 'Max open files  *16384  *16384 ' <<<"$(inside cat "/proc/$pid/limits")" || fail "open files"
ends 0 inside runuser -u bounced -- head -c 0 /proc/self/mem
ends 1 inside runuser -u bounced -- head -c 0 "/proc/$pid/mem"
ends 2 inside runuser -u nobody -- ls /var/lib/bounced
ends 1 inside runuser -u nobody -- cat /etc/bounced/bounced.toml

begin "reloading, crashing, misconfiguring it"
inside systemctl reload bounced.service
eventually inside sh -c 'journalctl -u bounced.service | grep -q rules.reloaded'
is "$pid" property MainPID
inside systemctl kill --signal SEGV bounced.service
eventually inside sh -c '[ "$(systemctl show --value --property NRestarts bounced.service)" = 1 ]'
eventually inside bouncectl return-path verify "$return_path"
ends 1 inside bouncectl check nouser@rcpt.example
inside sh -c '[ -z "$(find / -xdev -name "core*" -newer /root/later.deb -type f ! -path "/usr/*" ! -path "/proc/*")" ]' ||
  fail "it left a core"
inside cp -p /etc/bounced/bounced.toml /root/good.toml
inside sh -c 'echo "nonsense = 1" >>/etc/bounced/bounced.toml'
ends 1 inside systemctl restart bounced.service
is failed inside systemctl is-active bounced.service
is 2 property ExecMainStatus
is 0 property NRestarts
inside cp -p /root/good.toml /etc/bounced/bounced.toml
inside systemctl reset-failed bounced.service bounced.socket
inside systemctl restart bounced.socket bounced.service

begin "upgrading it"
pid=$(property MainPID)
inside dpkg -i /root/later.deb
is 9.0.0 inside dpkg-query -W -f '${Version}' bounced
is active inside systemctl is-active bounced.service
[ "$(property MainPID)" != "$pid" ] || fail "the old one still runs"
ends 0 inside cmp /root/good.toml /etc/bounced/bounced.toml
is "root:bounced 640" inside stat -c "%U:%G %a" /etc/bounced/bounced.toml
ends 1 inside bouncectl check nouser@rcpt.example

begin "removing it: the data and the configuration stay"
inside dpkg --remove bounced
is inactive inside systemctl is-active bounced.service
is inactive inside systemctl is-active bounced.socket
ends 0 inside test -s /var/lib/bounced/bounced.db -a -s /etc/bounced/a.key
ends 0 inside cmp /root/good.toml /etc/bounced/bounced.toml
ends 1 inside test -e /usr/bin/bounced -o -e /lib/systemd/system/bounced.service

begin "installing it again: it knows what it knew"
inside dpkg -i /root/later.deb
inside systemctl start bounced.socket bounced.service
ends 1 inside bouncectl check nouser@rcpt.example

begin "purging it: nothing stays"
inside dpkg --purge bounced
is inactive inside systemctl is-active bounced.service
is "" left inside

echo "fresh_root.sh: all of it held for $(basename "$package"), $(stat -c %s "$package") octets"
