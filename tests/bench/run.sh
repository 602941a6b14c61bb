#!/bin/bash
# run.sh [--long] [BIN]: all benchmarks, one after the other, on an otherwise idle machine; prints
# ratios, which are what counts. BIN: where the programs lie (default: build/bench/bin, as
# `cmake --preset bench && cmake --build --preset bench` leaves them).
#
# Short, it takes some minutes. --long: more turns and messages, and a store of 5 million events.
# BOUNCED_CORPUS: a directory of messages for the parser. Intake needs root, for its Postfix.
# soak.py, which takes an hour, is run by itself.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
turns=3 messages=4000 pairs=20 stored=200000 minimum=0.2 rows=200000 entries=10000000
if [ "${1:-}" = --long ]; then
  turns=5 messages=6000 stored=5000000 minimum=2 rows=10000000 entries=50000000
  shift
fi
bin=${1:-$here/../../build/bench/bin}
work=$(mktemp -d)
daemon=
finish() {
  if [ -n "$daemon" ]; then kill "$daemon" 2>/dev/null || true; wait "$daemon" || true; fi
  rm -rf "$work"
}
trap finish EXIT

title() { printf '\n== %s\n' "$*"; }

title "Machine"
uname -srm
sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sort | uniq -c
printf 'load before: %s\n' "$(cut -d' ' -f1-3 /proc/loadavg)"
git -C "$here" log -1 --format='commit %h' 2>/dev/null || true

title "Intake, a connection a message"
"$here/intake.py" "$bin" --turns "$turns" --messages "$messages" --sessions 1,10,50,500 \
  --only bounced,tls,postfix,sink

title "Intake, 20 messages a connection"
"$here/intake.py" "$bin" --turns "$turns" --messages "$messages" --sessions 1,10,50,500 \
  --only bounced,tls,postfix,sink --per-connection 20

title "Intake, where a sync takes 10 ms more"
"$here/intake.py" "$bin" --turns "$turns" --messages "$messages" --sync-ms 10 --only bounced,postfix

title "Intake, with $stored events stored before"
"$here/intake.py" "$bin" --turns "$turns" --messages "$messages" --only bounced --stored "$stored" \
  --sessions 50

title "More than it can serve"
"$here/pressure.py" "$bin"

title "Floods"
"$here/flood.py" "$bin"

title "Check beside a call that does nothing"
(umask 077 && head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$work/return-path.key")
cat >"$work/bounced.toml" <<END
data_dir = "$work/data"
[smtp]
listen = ["127.0.0.1:0"]
[grpc]
listen = "127.0.0.1:0"
[[return_path]]
domain = "bounces.example"
[[return_path.key]]
id = "a"
secret_file = "$work/return-path.key"
END
mkfifo "$work/ready"
"$bin/bounced" --allow-root --config "$work/bounced.toml" >"$work/ready" 2>"$work/log" &
daemon=$!
read -r line <"$work/ready" || { cat "$work/log"; exit 1; }
"$bin/check_bench" --bounced "${line##*grpc=}" --pid "$daemon" --pairs "$pairs" |
  grep -v '^pair'
title "BatchCheck and CheckStream beside an echo"
"$bin/batch_bench" --bounced "${line##*grpc=}" --pid "$daemon" --turns "$turns"
kill "$daemon"
wait "$daemon"
daemon=

title "Decision at RCPT"
"$bin/return_path_bench" --benchmark_min_time="$minimum"

title "Store"
mkdir "$work/store"
"$bin/store_bench" --stored="$stored" --directory="$work/store" --benchmark_min_time="$minimum"

title "Start, and the index in memory"
"$bin/start_bench" --suppressions "$rows" --directory "$work/store"
"$bin/index_bench" --entries "$entries"

title "Parser"
"$bin/parser_bench" --benchmark_min_time="$minimum"
"$here/peers.py" "$bin" --turns "$turns"

title "Hostile messages, time against size"
"$bin/hostile_bench" --benchmark_min_time=0.05

title "List cleaning"
"$here/clean_bench.py" "$bin" --rows "$rows" --suppressions "$rows" --turns "$turns"

title "Imports"
"$here/import_bench.py" "$bin" --rows "$rows" --turns "$turns" --allow-root
"$here/import_bench.py" "$bin" --rows "$rows" --format json --no-shell --allow-root
