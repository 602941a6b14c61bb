#!/bin/bash
# demo.sh: the main job, once, on loopback and on free ports. Starts the daemon with an embedded
# database in a directory of its own, sends it a bounce that a real Postfix made, shows what it then
# answers, and stops it. Leaves nothing behind.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
bin=${BOUNCED_BIN:-$here/../build/release/bin}
work=$(mktemp -d)
daemon=
finish() {
  if [ -n "$daemon" ]; then kill "$daemon" 2>/dev/null || true; wait "$daemon" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT

show() { printf '\n$ %s\n' "$*"; "$@"; }

umask 077
head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$work/return-path.key"
cat >"$work/bounced.toml" <<END
data_dir = "$work/data"
[smtp]
listen = ["127.0.0.1:0"]
hostname = "mx.bounces.example"
[grpc]
listen = "127.0.0.1:0"
[[return_path]]
domain = "bounces.example"
[[return_path.key]]
id = "a"
secret_file = "$work/return-path.key"
END

echo "Starting bounced."
mkfifo "$work/ready"
"$bin/bounced" --allow-root --config "$work/bounced.toml" >"$work/ready" 2>"$work/log" &
daemon=$!
read -r line <"$work/ready" || { cat "$work/log"; exit 1; }
echo "$line"
smtp=${line#*smtp=}; smtp=${smtp%% *}
grpc=${line#*grpc=}; grpc=${grpc%% *}
export BOUNCED_SERVER=$grpc PATH=$bin:$PATH

recipient=nouser@rcpt.example
printf '\nA mail to %s goes out with a return path of its own:\n' "$recipient"
printf '$ bouncectl return-path mint --recipient %s\n' "$recipient"
return_path=$(bouncectl return-path mint --recipient "$recipient")
echo "$return_path"

printf '\nIt bounces. What Postfix made of that comes back by SMTP:\n'
exec 3<>"/dev/tcp/${smtp%:*}/${smtp##*:}"
# A reply may have several lines; the last has no '-' behind its code.
reply() {
  local text
  while IFS= read -r text <&3; do
    text=${text%$'\r'}
    echo "S: $text"
    case $text in ???-*) ;; *) break ;; esac
  done
  case $text in [23]*) ;; *) exit 1 ;; esac
}
say() { echo "C: $1"; printf '%s\r\n' "$1" >&3; reply; }
reply
say "EHLO mta.sender.example"
say "MAIL FROM:<>"
say "RCPT TO:<$return_path>"
say "DATA"
echo "C: (deploy/demo/bounce.eml)"
sed -e 's/^\./../' "$here/demo/bounce.eml" >&3
printf '.\r\n' >&3
reply
say "QUIT"
exec 3>&-

# Both exit with 1 when they find an address that must not be mailed.
show bouncectl check "$recipient" someone.else@rcpt.example || [ $? = 1 ]
show bouncectl explain "$recipient" || [ $? = 1 ]

printf '\nStopping bounced.\n'
kill "$daemon"
wait "$daemon"
daemon=
